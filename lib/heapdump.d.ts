/**
 * Writes a plain `.heapsnapshot` before it returns, as `writeSnapshot` of the `heapdump` module; JavaScript stands
 * still meanwhile. Never throws. Loading this module also makes `SIGUSR2` write one, unless
 * `NODE_HEAPDUMP_OPTIONS=nosignal` is set, as it does there.
 *
 * @param filename default `heapdump-<sec>.<usec>.heapsnapshot` in the working directory
 * @param callback called at the next tick
 * @returns the file's name as it was given, or false
 */
export function writeSnapshot(filename?: string, callback?: (error: Error | null, filename?: string) => void): string | false
export function writeSnapshot(callback?: (error: Error | null, filename?: string) => void): string | false

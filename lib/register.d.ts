import { Monitor } from '..'

/**
 * The preload's monitor; null if this process is not watched: `HEAPWARDEN_ENABLED=0`, a package manager, a worker
 * thread without `HEAPWARDEN_WORKERS=1`, or a faulty configuration, of which the process was warned.
 */
export const monitor: Monitor | null

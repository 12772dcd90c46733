'use strict'

// The folder as a store: list, keep the allowed number, clean up after the dead, remove. As src/file/store.rs.

const fs = require('node:fs')
const path = require('node:path')
const { HeapwardenError } = require('../../base/errors')
const { bytesAt, survey } = require('./frames')
const folder = require('./folder')
const name = require('./name')

/** A file of another process that is as young as this was announced a moment ago and stays. */
const FRESH_MS = 60_000
/** A temporary file of a process that is not to be seen here may be another host's: it is left for so long. */
const LEFT_MS = 3_600_000
/** So far ahead of ours the clock of another machine may be. A stamp that lies further ahead is of a clock that was wrong. */
const AHEAD_MS = 60_000
const HEAD = 64 * 1024

const begins = (head) => head.toString('latin1').trimStart().startsWith('{"snapshot"')
const ends = (tail) => /\]\s*\}\s*$/.test(tail.toString('latin1'))
const nodeCount = (head) => Number(/"node_count":\s*(\d+)\D/.exec(head.toString('latin1'))?.[1] ?? NaN)
const orNull = (value) => Number.isFinite(value) ? value : null

function alive (pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** What `name` in `dir` is: { info, modified, removable }; undefined if it is none of ours, or gone. */
async function look (dir, file) {
  if (!name.isEvidence(file)) return undefined
  const place = path.join(dir, file)
  let handle
  try {
    // O_NONBLOCK: opening a pipe nobody writes to must not hang.
    handle = await fs.promises.open(place, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0))
    const stat = await handle.stat()
    if (!stat.isFile()) return undefined
    const modified = stat.mtimeMs
    const parsed = name.parse(file)
    const owned = parsed !== undefined && (!process.geteuid || stat.uid === folder.user())
    const { header, trailer } = await survey(handle, stat.size)
    if (header) return { info: infoOf(place, stat.size, header, trailer), modified, removable: owned }
    if (!parsed) return undefined
    const head = await bytesAt(handle, 0, HEAD)
    const plain = !parsed.zstd && begins(head)
    const complete = plain && ends(await bytesAt(handle, Math.max(0, stat.size - 64), 64))
    return { info: byName(parsed, place, stat.size, plain ? orNull(nodeCount(head)) : null, complete), modified, removable: owned && plain }
  } catch {
    return undefined
  } finally {
    await handle?.close()
  }
}

/** SnapshotInfo of a file with our metadata. `trailer` undefined: not complete. */
const infoOf = (place, bytes, header, trailer) => ({
  path: place,
  bytes,
  form: header.form ?? 'snapshot',
  rawBytes: trailer?.rawBytes ?? null,
  nodes: trailer?.nodes ?? null,
  mode: header.mode,
  trigger: header.trigger,
  at: header.at,
  pauseMs: trailer?.pauseMs ?? null,
  durationMs: trailer?.durationMs ?? null,
  attempts: trailer?.attempts ?? null,
  pid: header.pid,
  threadId: header.threadId ?? 0,
  nodeVersion: header.nodeVersion || null,
  complete: trailer !== undefined,
  reason: header.reason ?? null,
  buffers: header.form === 'image' ? header.buffers ?? true : null,
  origin: header.origin ?? null
})

// A plain file tells little: its name, its size, its first and last bytes.
const byName = ({ trigger, at, pid, threadId, form }, place, bytes, nodes, complete) => ({
  path: place, bytes, form, rawBytes: complete ? bytes : null, nodes, mode: null, trigger, at, pauseMs: null, durationMs: null, attempts: null, pid, threadId, nodeVersion: null, complete, reason: null, buffers: null, origin: null
})

/** When it was taken, or when its last byte was written, whichever can be; -Infinity: neither, as `now` goes. */
const written = ({ info, modified }, now) => [info.at, modified].find((at) => Number.isFinite(at) && at <= now + AHEAD_MS) ?? -Infinity

/** Newest first. Whose time nobody knows comes last: it would stay the newest until its time has come. */
async function found (dir) {
  let names
  try {
    names = await fs.promises.readdir(dir)
  } catch (error) {
    if (error.code === 'ENOENT') return []
    await folder.look(dir)
    throw folder.failed('cannot list', dir, error)
  }
  const all = (await Promise.all(names.map((one) => look(dir, one)))).filter(Boolean)
  const now = Date.now()
  for (const one of all) one.written = written(one, now)
  return all.sort((a, b) => b.written - a.written || b.info.at - a.info.at || (a.info.path < b.info.path ? 1 : -1))
}

/** SnapshotInfos, newest first. */
const list = async (dir) => (await found(dir)).map(({ info }) => info)

async function remove (dir, file) {
  if (file === '' || file === '.' || file === '..' || /[/\\\0]/.test(file)) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${JSON.stringify(file)} is not a snapshot's name: give one as the list has it, without a folder`)
  }
  const missing = () => new HeapwardenError('HEAPWARDEN_NOT_FOUND', `there is no snapshot ${JSON.stringify(file)} in ${dir}`)
  if (await look(dir, file) === undefined) throw missing()
  try {
    await fs.promises.unlink(path.join(dir, file))
  } catch (error) {
    throw error.code === 'ENOENT' ? missing() : folder.failed('cannot remove', path.join(dir, file), error)
  }
}

/** Removes what `count`, `bytes` and `age` do not allow, oldest first, and never `spare`. */
async function keep (dir, { count, bytes, age }, spare) {
  const ours = (await found(dir)).filter(({ removable }) => removable)
  ours.sort((a, b) => Number(b.info.path === spare) - Number(a.info.path === spare))
  let sum = 0
  const now = Date.now()
  for (const [i, { info, modified, written }] of ours.entries()) {
    sum += info.bytes
    const surplus = i >= count || sum > bytes || (written > -Infinity && now - written > age)
    // A clock that was set back says nothing about age.
    const fresh = info.pid !== process.pid && Math.abs(now - modified) < FRESH_MS && alive(info.pid)
    if (i > 0 && surplus && !fresh) await fs.promises.rm(info.path, { force: true })
  }
}

/** Removes temporary files whose writers are dead. */
async function clean (dir) {
  for (const one of await fs.promises.readdir(dir).catch(() => [])) {
    const pid = name.parseTemporary(one)
    if (pid === undefined || pid === process.pid || alive(pid)) continue
    const place = path.join(dir, one)
    const stat = await fs.promises.lstat(place).catch(() => undefined)
    if (stat?.isFile() && stat.uid === folder.user() && Date.now() - stat.mtimeMs > LEFT_MS) await fs.promises.rm(place, { force: true })
  }
}

module.exports = { clean, ends, infoOf, keep, list, nodeCount, remove }

'use strict'

// The folder snapshots lie in. The rules are those of src/file/folder.rs: a folder of the temp folder is ours alone,
// what we create nobody else can read.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { HeapwardenError } = require('../../base/errors')

const MIN_FREE_DISK = 64 * 2 ** 20

const user = () => process.geteuid?.() ?? 0
const privatePath = () => path.join(os.tmpdir(), `heapwarden-${user()}`)

/** Where snapshots go: `dir`, HEAPWARDEN_DIR, Node's --diagnostic-dir, a private folder. Absolute. */
function resolve (dir, diagnosticDir) {
  return path.resolve(dir || process.env.HEAPWARDEN_DIR || diagnosticDir || privatePath())
}

function failed (doing, place, error) {
  const code = ['ENOSPC', 'EDQUOT'].includes(error.code) ? 'HEAPWARDEN_NO_SPACE' : 'HEAPWARDEN_CAPTURE_FAILED'
  return new HeapwardenError(code, `${doing} ${place}: ${error.message}`, { cause: error })
}

/** Refuses what is no real folder. */
async function look (dir) {
  let stat
  try {
    stat = await fs.promises.lstat(dir)
  } catch (error) {
    throw failed('cannot open the snapshot folder', dir, error)
  }
  if (stat.isSymbolicLink()) {
    const target = await fs.promises.readlink(dir).catch(() => '?')
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `the snapshot folder ${dir} is a symbolic link to ${target}: give the folder itself`)
  }
  if (!stat.isDirectory()) throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `the snapshot folder ${dir} is not a folder`)
  return stat
}

/** mkdir -p. Not Node's own: that tries for ever where a parent that exists says ENOENT, as /proc does. */
async function make (dir) {
  try {
    await fs.promises.mkdir(dir, { mode: 0o700 })
  } catch (error) {
    const there = (place) => fs.promises.stat(place).then((stat) => stat.isDirectory(), () => false)
    if (await there(dir)) return
    const parent = path.dirname(dir)
    if (error.code !== 'ENOENT' || parent === dir || await there(parent)) throw error
    await make(parent)
    await fs.promises.mkdir(dir, { mode: 0o700 })
  }
}

/** Creates the folder where it is missing. */
async function prepare (dir) {
  try {
    await make(dir)
  } catch (error) {
    if (error.code === 'EEXIST' || error.code === 'ENOTDIR') {
      throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `the snapshot folder ${dir} cannot be created: a part of its path is not a folder`)
    }
    throw failed('cannot create the snapshot folder', dir, error)
  }
  const stat = await look(dir)
  if (dir === privatePath() && process.geteuid && (stat.uid !== user() || (stat.mode & 0o077) !== 0)) {
    throw new HeapwardenError('HEAPWARDEN_CAPTURE_FAILED',
      `the snapshot folder ${dir} belongs to user ${stat.uid} with mode ${(stat.mode & 0o7777).toString(8)}, it must belong to user ${user()} with mode 700: ` +
      'remove it, or choose another with dir or HEAPWARDEN_DIR')
  }
}

/** Refuses where `need` bytes more would leave less free than `asked`. */
async function room (dir, asked, need) {
  let stat
  try {
    stat = await fs.promises.statfs(dir)
  } catch {
    return // it does not tell, and is written to until it refuses
  }
  const total = stat.blocks * stat.bsize
  const free = stat.bavail * stat.bsize
  const reserve = asked ?? Math.min(MIN_FREE_DISK, total / 20)
  if (total > 0 && free - reserve < need) {
    throw new HeapwardenError('HEAPWARDEN_NO_SPACE', `${dir}: ${free} bytes are free on the disk, ${Math.round(reserve)} have to stay free (minFreeDisk)`)
  }
}

/** `from` gets the name `to`, which nothing has; on file systems without links, which nothing had a moment ago. */
async function rename (from, to) {
  try {
    await fs.promises.link(from, to)
    await fs.promises.unlink(from)
  } catch (error) {
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(error.code)) throw error
    await fs.promises.rename(from, to)
  }
}

module.exports = { failed, look, prepare, rename, resolve, room, user }

'use strict'

// A report on its way to disk: under another name until it is whole, and for its owner alone, since it holds texts from a process's memory.

const { randomBytes } = require('node:crypto')
const fs = require('node:fs/promises')
const path = require('node:path')
const { HeapwardenError } = require('../base/errors')
const { replaceable } = require('../base/target')
const { failure } = require('../image/failure')

/** The real file behind a name; undefined: none. */
const real = (file) => fs.realpath(file).catch(() => undefined)

/**
 * That `to` may be written: no device or the like, and none of `sources`, which the report is made from.
 * @throws HEAPWARDEN_INVALID_OPTION
 */
async function checkTarget (to, sources) {
  replaceable(to)
  const there = await real(to)
  for (const source of sources) {
    if (there === undefined || there !== await real(source)) continue
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${to} is what the report is made from: choose another name for it`)
  }
}

/**
 * Writes `text` to `to`, in place of a report of before.
 * @returns {Promise<{ path: string, bytes: number }>}
 */
async function writeReport (to, text) {
  const fresh = path.join(path.dirname(to), `.${path.basename(to).slice(0, 200)}.${randomBytes(6).toString('hex')}.partial`)
  try {
    await fs.writeFile(fresh, text, { mode: 0o600, flag: 'wx', flush: true })
    await fs.rename(fresh, to)
  } catch (error) {
    await fs.rm(fresh, { force: true }).catch(() => {})
    throw failure(error, 'write', to)
  }
  return { path: to, bytes: Buffer.byteLength(text) }
}

module.exports = { checkTarget, writeReport }

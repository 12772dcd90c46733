'use strict'

// A report on its way to disk: under another name until it is whole, and for its owner alone, since it holds texts from a process's memory.

const { randomBytes } = require('node:crypto')
const fs = require('node:fs/promises')
const path = require('node:path')
const { HeapwardenError } = require('../base/errors')
const { replaceable } = require('../base/target')
const { FIRST } = require('./html')
const { failure } = require('../image/failure')

/** The real file behind a name; undefined: none. */
const real = (file) => fs.realpath(file).catch(() => undefined)

/** Whether a file begins as reports do, or is empty. A name that was forgotten, `-o FIRST SECOND`, costs no snapshot. */
async function isReport (file) {
  const handle = await fs.open(file).catch((error) => { throw failure(error, 'read', file) })
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST.length), 0, FIRST.length, 0)
    return bytesRead === 0 || buffer.toString('latin1') === FIRST
  } finally {
    await handle.close()
  }
}

/**
 * That `to` may be written: nothing is there but a report of before, and that is none of `sources`, which this one is made from.
 * @throws HEAPWARDEN_INVALID_OPTION
 */
async function checkTarget (to, sources) {
  const file = replaceable(to)
  const there = await real(to)
  for (const source of sources) {
    if (there === undefined || there !== await real(source)) continue
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${to} is what the report is made from: choose another name for it`)
  }
  if (file !== undefined && !await isReport(to)) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${to} is there and is no report of heapwarden's: choose another name for the report, or take that file away`)
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

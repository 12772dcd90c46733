'use strict'

// `heapwarden/heapdump`: in place of the `heapdump` module. Plain JSON, under the same names, at the same moment.

const fs = require('node:fs')
const path = require('node:path')
const v8 = require('node:v8')
const { isMainThread } = require('node:worker_threads')
const channel = require('./monitor/channel')
const native = require('./addon/native')
const { HeapwardenError, adopt } = require('./base/errors')
const { replaceable } = require('./base/target')
const { checkSnapshot, snapshotJson } = require('./options/check')
const { warn } = require('./log/warn')

/** `heapdump-<seconds>.<microseconds>.heapsnapshot`, relative as theirs. */
function defaultName () {
  const us = Math.round((performance.timeOrigin + performance.now()) * 1000)
  return `heapdump-${Math.floor(us / 1e6)}.${us % 1e6}.heapsnapshot`
}

/** Node's own way, where V8 is not reached directly. Renamed at the end: a half-written file has no final name. */
function portable (file) {
  replaceable(file)
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`)
  try {
    fs.renameSync(v8.writeHeapSnapshot(temporary), file)
  } catch (error) {
    try {
      fs.unlinkSync(temporary)
    } catch {} // it may never have come to be
    throw new HeapwardenError('HEAPWARDEN_CAPTURE_FAILED', `cannot write ${file}: ${error.message}`, { cause: error })
  }
}

function capture (options) {
  channel.attach()
  try {
    native.captureSync(JSON.stringify(snapshotJson(options)))
  } catch (error) {
    if (error.code !== 'HEAPWARDEN_UNSUPPORTED') throw error
    portable(options.path)
  }
}

/**
 * Writes a snapshot before it returns.
 *
 * @param {string} [filename] default: `heapdump-<sec>.<usec>.heapsnapshot` in the working directory
 * @param {(error: Error | null, filename?: string) => void} [callback] called at the next tick
 * @returns {string | false} the file's name as it was given, or false; never throws
 */
function writeSnapshot (filename, callback) {
  if (typeof filename === 'function') [filename, callback] = [undefined, filename]
  const name = filename ?? defaultName()
  let error = null
  try {
    capture(checkSnapshot({ path: name, level: 0, mode: 'inline', trigger: 'heapdump' }))
  } catch (thrown) {
    error = adopt(thrown)
  }
  if (typeof callback === 'function') process.nextTick(callback, error, error ? undefined : name)
  return error ? false : name
}

// The module they know listens to SIGUSR2 unless told otherwise by this very variable.
const options = (process.env.NODE_HEAPDUMP_OPTIONS ?? '').split(/\s*,\s*/)
if (isMainThread && process.platform !== 'win32' && !options.includes('nosignal')) {
  process.on('SIGUSR2', () => {
    const name = defaultName()
    writeSnapshot(name, (error) => {
      if (error) warn(`no snapshot ${path.resolve(name)}: ${error.message}`, error.code)
    })
  })
}

module.exports = { writeSnapshot }

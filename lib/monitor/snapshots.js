'use strict'

// Snapshots and reports ordered, snapshots listed and removed. They are read in snapshot-stream.js.

const path = require('node:path')
const native = require('../addon/native')
const channel = require('./channel')
const { HeapwardenError, adopt, adopting } = require('../base/errors')
const { checkSnapshot, mergeSnapshots, snapshotJson } = require('../options/check')

function aborted (signal) {
  return new HeapwardenError('HEAPWARDEN_ABORTED', 'the snapshot was aborted by its AbortSignal', { cause: signal.reason })
}

/**
 * Orders one snapshot and waits for it.
 *
 * @param {object} options checked options (lib/options/check.js), signal included
 * @param {number} [monitor] id of the monitor whose listeners hear of it; 0 = none
 */
const order = (options, monitor = 0) => submit(native.capture, options, monitor)

/** The same of a report, for which the heap is captured and no file is left. */
const orderReport = (options, monitor) => submit(native.report, options, monitor)

async function submit (capture, { signal, ...options }, monitor) {
  if (signal?.aborted) throw aborted(signal)
  channel.attach()
  const id = adopting(() => capture(JSON.stringify(snapshotJson(options)), monitor))
  const done = channel.captured(id, monitor)
  if (!signal) return done

  const cancel = () => native.cancel(id)
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return await done
  } catch (error) {
    throw error.code === 'HEAPWARDEN_ABORTED' ? aborted(signal) : error
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** A snapshot without a monitor. */
async function takeSnapshot (options) {
  return order(mergeSnapshots({ trigger: 'manual' }, checkSnapshot(options)))
}

/** Snapshots in `dir` (the default folder if undefined), newest first. */
async function list (dir) {
  try {
    return JSON.parse(await channel.holdLoop(native.list(dir ?? native.snapshotDir(''))))
  } catch (error) {
    throw adopt(error)
  }
}

/** Deletes the snapshot at `file`; refuses what the store did not write. */
async function remove (file) {
  try {
    await channel.holdLoop(native.remove(path.dirname(file), path.basename(file)))
  } catch (error) {
    throw adopt(error)
  }
}

module.exports = { list, order, orderReport, remove, takeSnapshot }

'use strict'

const { Readable } = require('node:stream')
const path = require('node:path')
const native = require('./native')
const channel = require('./channel')
const { HeapwardenError, adopt, adopting } = require('./errors')
const { checkSnapshot, mergeSnapshots, snapshotJson } = require('./options')
const schema = require('./schema')

function aborted (signal) {
  return new HeapwardenError('HEAPWARDEN_ABORTED', 'the snapshot was aborted by its AbortSignal', { cause: signal.reason })
}

/**
 * Orders one snapshot and waits for it.
 *
 * @param {object} options checked options (lib/options.js), signal included
 * @param {number} [monitor] id of the monitor whose listeners hear of it; 0 = none
 */
async function order ({ signal, ...options }, monitor = 0) {
  if (signal?.aborted) throw aborted(signal)
  channel.attach()
  const id = adopting(() => native.capture(JSON.stringify(snapshotJson(options)), monitor))
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

const CHUNK = 256 * 1024

/** The JSON of a snapshot, decompressed or as one zstd frame; the work runs off the loop and only as fast as it is read. */
class SnapshotStream extends Readable {
  #file
  #packed
  #handle
  #reading = Promise.resolve()

  constructor (file, packed) {
    super({ highWaterMark: CHUNK })
    this.#file = file
    this.#packed = packed
  }

  _construct (done) {
    try {
      this.#handle = native.openSnapshot(this.#file, this.#packed)
      done()
    } catch (error) {
      done(adopt(error))
    }
  }

  _read (size) {
    this.#reading = this.#handle.read(Math.max(size, CHUNK)).then(
      (chunk) => { this.push(chunk) },
      (error) => { this.destroy(adopt(error)) }
    )
  }

  _destroy (error, done) {
    // Ends the wait for a pipe. The handle may be in use on another thread until the read under way is over.
    this.#handle?.close()
    this.#reading.then(() => {
      this.#handle?.close()
      done(error)
    })
  }
}

/** A stream of the `.heapsnapshot` JSON in `file`, compressed or plain. */
function openSnapshot (file) {
  return new SnapshotStream(schema.filePath(file, 'path'), false)
}

/** The same of what comes on standard input. */
function unpackStdin () {
  return new SnapshotStream(null, false)
}

/** The same as one zstd frame, whatever the file is made of. */
function packSnapshot (file) {
  return new SnapshotStream(file, true)
}

module.exports = { list, openSnapshot, order, packSnapshot, remove, takeSnapshot, unpackStdin }

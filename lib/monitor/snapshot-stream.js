'use strict'

// A snapshot file read as a stream: its JSON, or that as one zstd frame.

const { Readable } = require('node:stream')
const { setTimeout: sleep } = require('node:timers/promises')
const native = require('../addon/native')
const { adopt } = require('../base/errors')
const { readable } = require('../image/snapshot')
const { filePath } = require('../options/kinds')

const CHUNK = 256 * 1024
/** Compressed bytes stand for ten times as many unpacked ones, all of which are worked on in one go. */
const PACKED_CHUNK = 32 * 1024
/** A pipe that has nothing to read is asked again so much later: nothing in this process waits for it meanwhile. */
const PIPE_MS = 10

/**
 * Reads under way, of all streams: each holds a thread of libuv's pool for the time of its work, and the pool is the
 * service's, for its files, names and ciphers. At most half of the threads, and in turn.
 */
const turns = {
  free: Math.max(1, Math.floor((Number.parseInt(process.env.UV_THREADPOOL_SIZE) || 4) / 2)),
  waiting: [],
  /** Whether it is this one's turn; not, if `signal` says meanwhile that it is not wanted any more. */
  async take (signal) {
    if (signal.aborted) return false
    if (this.free > 0) {
      this.free--
      return true
    }
    return await new Promise((resolve) => {
      const next = () => {
        signal.removeEventListener('abort', leave)
        resolve(true)
      }
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(next), 1)
        resolve(false)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.waiting.push(next)
    })
  },
  give () {
    const next = this.waiting.shift()
    if (next) next()
    else this.free++
  }
}

/** The JSON of a snapshot, decompressed or as one zstd frame; the work runs off the loop and only as fast as it is read. */
class SnapshotStream extends Readable {
  #file
  #packed
  #handle
  #image
  #stop = new AbortController()
  #thawing
  #reading = Promise.resolve()

  constructor (file, packed, thawing) {
    super({ highWaterMark: packed ? PACKED_CHUNK : CHUNK })
    this.#thawing = thawing
    this.#file = file
    this.#packed = packed
  }

  _construct (done) {
    this.#open().then(() => done(), (error) => done(adopt(error)))
  }

  /** A heap image is thawed first. */
  async #open () {
    if (this.#file !== null) this.#image = await readable(this.#file, { ...this.#thawing, signal: this.#stop.signal })
    this.#handle = native.openSnapshot(this.#image?.path ?? null, this.#packed)
  }

  /** The thawing too, which the stream is not open without. */
  destroy (error) {
    this.#stop.abort()
    return super.destroy(error)
  }

  _read (size) {
    this.#reading = this.#next(Math.max(size, this.readableHighWaterMark)).then(
      (chunk) => { if (chunk !== undefined) this.push(chunk) },
      (error) => { this.destroy(adopt(error)) }
    )
  }

  /** The next piece, null at the end; undefined: nobody wants it any more. */
  async #next (most) {
    while (await turns.take(this.#stop.signal)) {
      try {
        const chunk = this.destroyed ? null : await this.#handle.read(most)
        if (chunk !== undefined) return this.destroyed ? undefined : chunk
      } finally {
        turns.give()
      }
      // Others have their turns while this one waits for its pipe.
      await sleep(PIPE_MS)
    }
  }

  _destroy (error, done) {
    // Ends the wait for a pipe. The handle may be in use on another thread until the read under way is over.
    this.#handle?.close()
    this.#reading.then(() => {
      this.#handle?.close()
      this.#image?.close()
      done(error)
    })
  }
}

/**
 * A stream of the `.heapsnapshot` JSON in `file`, compressed or plain, or of what a heap image holds.
 * @param {{ told?: (file: string) => void }} [thawing] as `readable` of lib/image/snapshot.js is told
 */
function openSnapshot (file, thawing) {
  return new SnapshotStream(filePath(file, 'path'), false, thawing)
}

/** The same of what comes on standard input. */
function unpackStdin () {
  return new SnapshotStream(null, false)
}

/** The same as one zstd frame, whatever the file is made of. */
function packSnapshot (file, thawing) {
  return new SnapshotStream(file, true, thawing)
}

module.exports = { openSnapshot, packSnapshot, unpackStdin }

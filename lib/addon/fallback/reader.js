'use strict'

// The JSON of a snapshot file, unpacked by node:zlib.

const fs = require('node:fs')
const { Readable, pipeline } = require('node:stream')
const zlib = require('node:zlib')
const { HeapwardenError } = require('../../base/errors')
const { DATA, Damage, bytesAt, dataFrames, survey } = require('./frames')
const { ends } = require('./store')

const CHUNK = 256 * 1024

/** Whether this Node can pack and unpack zstd. */
const zstd = typeof zlib.createZstdCompress === 'function'

function needsZstd (what) {
  return new HeapwardenError('HEAPWARDEN_UNSUPPORTED',
    `${what} needs zstd, which node:zlib has from Node.js 22.15 on; this is ${process.version} without heapwarden's binary`)
}

async function open (file) {
  let handle
  try {
    handle = await fs.promises.open(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0))
    const stat = await handle.stat()
    if (stat.isFile()) return { handle, size: stat.size }
  } catch (error) {
    throw new HeapwardenError(error.code === 'ENOENT' ? 'HEAPWARDEN_NOT_FOUND' : 'HEAPWARDEN_INVALID_OPTION', `cannot open ${file}: ${error.message}`, { cause: error })
  }
  await handle.close()
  throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${file} is not a regular file`)
}

const streamOf = (handle, begin, end) => Readable.from((async function * () {
  for (let at = begin; at < end;) {
    const piece = await bytesAt(handle, at, Math.min(CHUNK, end - at))
    if (piece.length === 0) throw new Damage(`it is cut at byte ${at}`)
    at += piece.length
    yield piece
  }
})())

/** What comes out of the transform at the end of `source`. */
function through (source, transform) {
  // The error is what the reader of the last stream is told.
  return pipeline(source, transform, () => {})
}

async function * pieces (file) {
  const { handle, size } = await open(file)
  try {
    const start = await bytesAt(handle, 0, 4)
    const magic = start.length === 4 ? start.readUInt32LE(0) : 0
    if (magic !== DATA && (magic & 0xFFFFFFF0) >>> 0 !== 0x184D2A50) {
      if (!ends(await bytesAt(handle, Math.max(0, size - 64), 64))) throw new Damage('it does not end as a snapshot does')
      yield * streamOf(handle, 0, size)
      return
    }
    const { header } = await survey(handle, size)
    if (header?.form === 'image') {
      throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `${file} is a heap image, not a snapshot: heapwarden thaw ${file} makes a snapshot of it`)
    }
    if (!zstd) throw needsZstd(`reading ${file}`)
    // One by one: node:zlib of some versions ends after a file's first frame, without an error.
    for await (const { begin, end } of dataFrames(handle, size)) {
      yield * through(streamOf(handle, begin, end), zlib.createZstdDecompress())
    }
  } catch (error) {
    if (!(error instanceof Damage) && !/^(ZSTD_|ERR_ZSTD|Z_)/.test(error.code)) throw error
    throw new HeapwardenError('HEAPWARDEN_CORRUPT_SNAPSHOT', `${file} is damaged: ${error.message}`, { cause: error })
  } finally {
    await handle.close()
  }
}

/** As the addon's: `read` gives at most so many bytes, null at the end. `packed`: as one zstd frame. */
function openSnapshot (file, packed = false) {
  if (packed && !zstd) throw needsZstd('packing a snapshot')
  const all = packed ? through(Readable.from(pieces(file)), zlib.createZstdCompress()) : pieces(file)
  const source = all[Symbol.asyncIterator]()
  let rest = Buffer.alloc(0)
  return {
    async read (most) {
      if (rest.length === 0) {
        const { value, done } = await source.next()
        if (done) return null
        rest = value
      }
      const piece = rest.subarray(0, most)
      rest = rest.subarray(piece.length)
      return piece
    },
    // What goes wrong while it is closed nobody waits for.
    close: () => { Promise.resolve(source.return?.()).catch(() => {}) }
  }
}

module.exports = { needsZstd, openSnapshot, zstd }

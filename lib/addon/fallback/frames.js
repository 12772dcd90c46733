'use strict'

// The layout of a `.heapsnapshot.zst`, as src/file/frames.rs describes it: a skippable frame with a header, zstd
// frames of data, a skippable frame with a trailer.

const HEADER = 0x184D2A57
const TRAILER = 0x184D2A58
const DATA = 0xFD2FB528
const HEADER_MAGIC = Buffer.from('hwsnap01')
const TRAILER_MAGIC = Buffer.from('hwdone01')
const LIMIT = 64 * 1024

const u32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function header (fields) {
  const json = Buffer.from(JSON.stringify(fields))
  return Buffer.concat([u32(HEADER), u32(8 + json.length), HEADER_MAGIC, json])
}

function trailer (fields) {
  const json = Buffer.from(JSON.stringify(fields))
  return Buffer.concat([u32(TRAILER), u32(json.length + 12), json, u32(json.length + 12), TRAILER_MAGIC])
}

/** Exactly `length` bytes at `at`, or fewer at the file's end. */
async function bytesAt (file, at, length) {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}

function json (bytes) {
  try {
    return JSON.parse(bytes)
  } catch {
    return undefined
  }
}

/** Header and trailer, where they are there and fit each other. */
async function survey (file, size) {
  const start = await bytesAt(file, 0, Math.min(size, 16 + LIMIT))
  const n = start.length >= 16 ? start.readUInt32LE(4) : 0
  const named = n >= 8 && start.readUInt32LE(0) === HEADER && start.subarray(8, 16).equals(HEADER_MAGIC)
  const head = named && 8 + n <= start.length ? json(start.subarray(16, 8 + n)) : undefined
  if (head === undefined) return {}
  const end = await bytesAt(file, Math.max(0, size - LIMIT - 20), Math.min(size, LIMIT + 20))
  const m = end.length >= 20 && end.subarray(-8).equals(TRAILER_MAGIC) ? end.readUInt32LE(end.length - 12) : 0
  if (m < 12 || 8 + m > end.length) return { header: head }
  const frame = end.subarray(end.length - 8 - m)
  const tail = frame.readUInt32LE(0) === TRAILER ? json(frame.subarray(8, frame.length - 12)) : undefined
  const fits = tail?.complete === true && 8 + n + tail.dataBytes === size - 8 - m
  return { header: head, trailer: fits ? tail : undefined }
}

class Damage extends Error {}

/** Where the zstd frames with data lie in a file, as { begin, end }. @throws Damage where it is cut or no zstd */
async function * dataFrames (file, size) {
  for (let at = 0; at < size;) {
    const start = await bytesAt(file, at, 8)
    const magic = start.length >= 4 ? start.readUInt32LE(0) : 0
    if ((magic & 0xFFFFFFF0) >>> 0 === 0x184D2A50 && start.length === 8) {
      at += 8 + start.readUInt32LE(4)
      if (at > size) throw new Damage(`it is cut at byte ${size}`)
      continue
    }
    if (magic !== DATA || start.length < 8) throw new Damage(`there is no zstd frame at byte ${at}`)
    const begin = at
    at = await endOf(file, at, start[4])
    if (at > size) throw new Damage(`it is cut at byte ${size}`)
    yield { begin, end: at }
  }
}

/** The end of the frame at `begin`, from its blocks' headers (RFC 8878, 3.1.1). */
async function endOf (file, begin, descriptor) {
  const single = (descriptor >> 5) & 1
  const contentSize = [single, 2, 4, 8][descriptor >> 6]
  let at = begin + 5 + (1 - single) + [0, 1, 2, 4][descriptor & 3] + contentSize
  for (;;) {
    const block = await bytesAt(file, at, 3)
    if (block.length < 3) throw new Damage(`it is cut at byte ${at}`)
    const head = block.readUIntLE(0, 3)
    const type = (head >> 1) & 3
    if (type === 3) throw new Damage(`there is no zstd block at byte ${at}`)
    at += 3 + (type === 1 ? 1 : head >> 3)
    if (head & 1) return at + ((descriptor >> 2) & 1) * 4
  }
}

module.exports = { DATA, Damage, bytesAt, dataFrames, header, survey, trailer }

'use strict'

// An image and its objects as one file that travels: a tar (POSIX ustar) of NAME.heapimage.zst and objects/BUILDID.zst, so
// that `tar xf` unpacks it anywhere.

const { createReadStream, createWriteStream } = require('node:fs')
const fs = require('node:fs/promises')
const path = require('node:path')
const { pipeline } = require('node:stream/promises')
const { HeapwardenError } = require('../base/errors')

const BLOCK = 512
const corrupt = (file, what) => new HeapwardenError('HEAPWARDEN_CORRUPT_SNAPSHOT', `${file} is no whole bundle: ${what}`)

/** Of octal text; numbers beyond eight gigabytes are written as GNU's tar does, in base 256. */
function numberOf (field) {
  if (field[0] & 0x80) return Number(BigInt(`0x${field.subarray(1).toString('hex')}`))
  const text = field.toString('latin1').replace(/[\0 ].*$/s, '')
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : NaN
}

function sizeField (size) {
  if (size < 8 ** 11) return Buffer.from(`${size.toString(8).padStart(11, '0')}\0`)
  const field = Buffer.alloc(12)
  field[0] = 0x80
  field.writeBigUInt64BE(BigInt(size), 4)
  return field
}

const sum = (header) => header.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 0x20 : byte), 0)

function head (name, size, mtime) {
  const header = Buffer.alloc(BLOCK)
  if (Buffer.byteLength(name) > 100) throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${name} is too long a name for a bundle`)
  header.write(name, 0)
  header.write('0000600\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  sizeField(size).copy(header, 124)
  header.write(`${Math.floor(mtime / 1000).toString(8).padStart(11, '0')}\0`, 136)
  header.write('0', 156)
  header.write('ustar\0' + '00', 257)
  header.write(`${sum(header).toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** `{name, size}` of a header; null for the end. */
function parsed (header, file) {
  if (header.every((byte) => byte === 0)) return null
  if (numberOf(header.subarray(148, 156)) !== sum(header)) throw corrupt(file, 'a header is damaged')
  const text = (from, to) => header.subarray(from, to).toString().replace(/\0.*$/s, '')
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(345, 500) : ''
  const size = numberOf(header.subarray(124, 136))
  if (!Number.isSafeInteger(size) || size < 0) throw corrupt(file, 'a size is damaged')
  return { name: prefix ? `${prefix}/${text(0, 100)}` : text(0, 100), size, plain: ['0', '\0'].includes(String.fromCharCode(header[156])) }
}

async function readHead (handle, at) {
  const header = Buffer.alloc(BLOCK)
  const { bytesRead } = await handle.read(header, 0, BLOCK, at)
  return bytesRead === BLOCK ? header : null
}

/** By its first header. */
async function isBundle (file) {
  let handle
  try {
    if (!(await fs.stat(file)).isFile()) return false
    handle = await fs.open(file)
    const header = await readHead(handle, 0)
    return header !== null && header.toString('latin1', 257, 262) === 'ustar' && numberOf(header.subarray(148, 156)) === sum(header)
  } catch {
    return false
  } finally {
    await handle?.close()
  }
}

/** Names that a bundle may bring: nothing that would lie elsewhere. */
const IMAGE = /^(?:\.\/)?([^/\\]{1,255}\.heapimage\.zst)$/
const OBJECT = /^(?:\.\/)?(objects\/[0-9a-f]{2,128}\.zst)$/

/** Unpacks into `folder`; the path of the image. */
async function unpack (file, folder, signal) {
  const handle = await fs.open(file)
  let image
  try {
    await fs.mkdir(path.join(folder, 'objects'), { mode: 0o700 })
    const { size: total } = await handle.stat()
    for (let at = 0; ;) {
      const header = await readHead(handle, at)
      if (header === null) throw corrupt(file, `it ends at byte ${total}`)
      const entry = parsed(header, file)
      if (entry === null) break
      const start = at + BLOCK
      if (start + entry.size > total) throw corrupt(file, `it ends at byte ${total}, in ${entry.name}`)
      const [, name] = IMAGE.exec(entry.name) ?? OBJECT.exec(entry.name) ?? []
      if (name !== undefined && entry.plain) {
        const to = path.join(folder, name)
        const from = entry.size > 0 ? createReadStream(file, { start, end: start + entry.size - 1 }) : []
        await pipeline(from, createWriteStream(to, { flags: 'wx', mode: 0o600 }), { signal })
        if (IMAGE.test(entry.name)) image ??= to
      }
      at = start + Math.ceil(entry.size / BLOCK) * BLOCK
    }
  } finally {
    await handle.close()
  }
  if (image === undefined) throw corrupt(file, 'it holds no heap image')
  return image
}

/**
 * Packs `files`, `{name, path}`, into `to`, which gets its name when it is whole.
 * @returns {Promise<number>} its bytes
 */
async function pack (files, to, signal) {
  const temporary = path.join(path.dirname(to), `.${path.basename(to)}.${process.pid}.tmp`)
  try {
    await pipeline(pieces(files), createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }), { signal })
    const { size } = await fs.stat(temporary)
    await fs.rename(temporary, to)
    return size
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

async function * pieces (files) {
  for (const { name, path: file } of files) {
    const { size, mtimeMs } = await fs.stat(file)
    yield head(name, size, mtimeMs)
    let written = 0
    if (size > 0) {
      for await (const chunk of createReadStream(file, { end: size - 1, highWaterMark: 1 << 20 })) {
        written += chunk.length
        yield chunk
      }
    }
    if (written !== size) throw new HeapwardenError('HEAPWARDEN_CAPTURE_FAILED', `${file} became shorter while it was packed`)
    yield Buffer.alloc((BLOCK - size % BLOCK) % BLOCK)
  }
  yield Buffer.alloc(2 * BLOCK)
}

module.exports = { isBundle, pack, unpack }

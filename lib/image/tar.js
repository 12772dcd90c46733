'use strict'

// The headers of a tar: POSIX ustar, with pax records for names that have no room there.

const BLOCK = 512
/** Most bytes of a name in a header, and of a header's own names (pax, GNU's). */
const NAME = 100
const RECORDS = 64 * 1024

/** What is wrong with a tar, in words. */
class Damaged extends Error {}

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

function header (name, size, mtime, type) {
  const bytes = Buffer.alloc(BLOCK)
  bytes.write(name, 0, NAME)
  bytes.write('0000600\0', 100)
  bytes.write('0000000\0', 108)
  bytes.write('0000000\0', 116)
  sizeField(size).copy(bytes, 124)
  bytes.write(`${Math.max(0, Math.floor(mtime / 1000)).toString(8).padStart(11, '0')}\0`, 136)
  bytes.write(type, 156)
  bytes.write('ustar\0' + '00', 257)
  bytes.write(`${sum(bytes).toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

/** `LENGTH path=NAME\n`; the length counts itself. */
function pathRecord (name) {
  const rest = ` path=${name}\n`
  const bytes = Buffer.byteLength(rest)
  const digits = String(bytes + String(bytes).length).length
  return Buffer.from(`${bytes + digits}${rest}`)
}

/** Fills up to a whole block. */
const padding = (size) => Buffer.alloc((BLOCK - size % BLOCK) % BLOCK)

/** What stands before the bytes of a file. */
function head (name, size, mtime) {
  if (Buffer.byteLength(name) <= NAME) return header(name, size, mtime, '0')
  const record = pathRecord(name)
  return Buffer.concat([header('pax', record.length, mtime, 'x'), record, padding(record.length), header(name.slice(-20), size, mtime, '0')])
}

const isHeader = (bytes) => numberOf(bytes.subarray(148, 156)) === sum(bytes)
const isTar = (bytes) => bytes.toString('latin1', 257, 262) === 'ustar' && isHeader(bytes)

/** `{name, size, type}` of a header; null for the end. */
function parsed (bytes) {
  if (bytes.every((byte) => byte === 0)) return null
  if (!isHeader(bytes)) throw new Damaged('a header is damaged')
  const text = (from, to) => bytes.subarray(from, to).toString().replace(/\0.*$/s, '')
  const prefix = bytes.toString('latin1', 257, 263) === 'ustar\0' ? text(345, 500) : ''
  const size = numberOf(bytes.subarray(124, 136))
  if (!Number.isSafeInteger(size) || size < 0) throw new Damaged('a size is damaged')
  const type = bytes[156] === 0 ? '0' : String.fromCharCode(bytes[156])
  return { name: prefix ? `${prefix}/${text(0, NAME)}` : text(0, NAME), size, type }
}

/** `{path, size}`, as far as they are there, of pax records. */
function records (bytes) {
  const found = {}
  while (bytes.length > 0) {
    const [, digits] = /^(\d{1,6}) /.exec(bytes.toString('latin1', 0, 8)) ?? []
    const length = Number(digits)
    if (!(length > digits?.length + 1 && length <= bytes.length)) throw new Damaged('a record of pax is damaged')
    const text = bytes.toString('utf8', digits.length + 1, length - 1)
    const at = text.indexOf('=')
    const [key, value] = [text.slice(0, at), text.slice(at + 1)]
    if (key === 'path') found.name = value
    if (key === 'size' && /^\d{1,15}$/.test(value)) found.size = Number(value)
    bytes = bytes.subarray(length)
  }
  return found
}

/**
 * The files of a tar of `total` bytes, of which `read(at, length)` gives some: `{name, size, start, plain}`.
 */
async function * entries (read, total) {
  let told = {}
  for (let at = 0; ;) {
    if (at + BLOCK > total) throw new Damaged(`it ends at byte ${total}`)
    const found = parsed(await read(at, BLOCK))
    if (found === null) return
    const own = { x: true, g: true, L: true }[found.type]
    const { name, size } = own ? found : { ...found, ...told }
    const start = at + BLOCK
    if (start + size > total) throw new Damaged(`it ends at byte ${total}, in ${name}`)
    if (own && found.type !== 'g') {
      if (size > RECORDS) throw new Damaged('a name is too long')
      const bytes = await read(start, size)
      told = { ...told, ...(found.type === 'L' ? { name: bytes.toString().replace(/\0.*$/s, '') } : records(bytes)) }
    } else if (!own) {
      told = {}
      yield { name, size, start, plain: found.type === '0' }
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
}

const end = Buffer.alloc(2 * BLOCK)

module.exports = { BLOCK, Damaged, end, entries, head, isTar, padding }

'use strict'

// An image and its objects as one file that travels: a tar (POSIX) of NAME.heapimage.zst and objects/BUILDID.zst, so that
// `tar xf` unpacks it anywhere.

const { randomBytes } = require('node:crypto')
const { createReadStream, createWriteStream } = require('node:fs')
const fs = require('node:fs/promises')
const path = require('node:path')
const { pipeline } = require('node:stream/promises')
const { HeapwardenError } = require('../base/errors')
const { replaceable } = require('../base/target')
const { failure } = require('./failure')
const { BLOCK, Damaged, end, entries, head, isTar, padding } = require('./tar')
const { owner } = require('./temporary')

const corrupt = (file, what) => new HeapwardenError('HEAPWARDEN_CORRUPT_SNAPSHOT', `${file} is no whole bundle: ${what}`)

const reader = (handle) => async (at, length) => {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await handle.read(bytes, 0, length, at)
  return bytes.subarray(0, bytesRead)
}

/** By its first header. */
async function isBundle (file) {
  let handle
  try {
    if (!(await fs.stat(file)).isFile()) return false
    handle = await fs.open(file)
    const first = await reader(handle)(0, BLOCK)
    return first.length === BLOCK && isTar(first)
  } catch {
    return false
  } finally {
    await handle?.close()
  }
}

/** That `bytes` have room in `folder`, where its file system tells. */
async function checkRoom (folder, bytes, what) {
  const { bavail, blocks, bsize } = await fs.statfs(folder)
  const free = bavail * bsize
  if (blocks > 0 && free < bytes) {
    throw new HeapwardenError('HEAPWARDEN_NO_SPACE', `${what} takes ${bytes} bytes in ${folder}, where ${free} are free`)
  }
}

/** Names that a bundle may bring: nothing that would lie elsewhere. */
const IMAGE = /^(?:\.\/)?([^/\\\0]{1,241}\.heapimage\.zst)$/
const OBJECT = /^(?:\.\/)?(objects\/[0-9a-f]{2,128}\.zst)$/

/** What an image is called in a bundle, whatever it was renamed to. */
function nameOf (image) {
  const name = path.basename(image).replaceAll('\\', '_')
  if (IMAGE.test(name)) return name
  // What fits a name of 255 bytes with its ending, and without half a character.
  const stem = Buffer.from(path.parse(name).name).subarray(0, 200).toString().replace(/\ufffd$/, '')
  return `${stem}.heapimage.zst`
}

/** Unpacks into `folder`; the path of the image. */
async function unpack (file, folder, signal) {
  let handle
  let image
  try {
    handle = await fs.open(file)
    const { size: total } = await handle.stat()
    await checkRoom(folder, total, `what ${file} holds`)
    await fs.mkdir(path.join(folder, 'objects'), { mode: 0o700 })
    const known = new Set()
    for await (const { name: text, size, start, plain } of entries(reader(handle), total)) {
      const [, name] = IMAGE.exec(text) ?? OBJECT.exec(text) ?? []
      if (name === undefined || !plain) continue
      if (known.has(name)) throw corrupt(file, `it holds ${name} twice`)
      known.add(name)
      const to = path.join(folder, name)
      const from = size > 0 ? createReadStream(file, { start, end: start + size - 1 }) : []
      await pipeline(from, createWriteStream(to, { flags: 'wx', mode: 0o600 }), { signal })
      if (IMAGE.test(text)) image ??= to
    }
  } catch (error) {
    throw error instanceof Damaged ? corrupt(file, error.message) : failure(error, 'unpack', file, signal)
  } finally {
    await handle?.close()
  }
  if (image === undefined) throw corrupt(file, 'it holds no heap image')
  return image
}

/**
 * Packs `files`, `{name, path}`, into `to`, which gets its name when it is whole.
 * @returns {Promise<number>} its bytes
 */
async function pack (files, to, signal) {
  const folder = path.dirname(to)
  // Known by this name when its process was killed.
  const temporary = path.join(folder, `.heapwarden-bundle-${owner()}-${randomBytes(8).toString('hex')}.tmp`)
  let opened = false
  try {
    await checkTarget(files, to)
    const { parts, length } = await plan(files)
    await checkRoom(folder, length, `the bundle ${to}`)
    const target = createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true })
    target.once('open', () => { opened = true })
    await pipeline(pieces(parts), target, { signal })
    const { size } = await fs.stat(temporary)
    await fs.rename(temporary, to)
    return size
  } catch (error) {
    // Only what is ours.
    if (opened) await fs.rm(temporary, { force: true }).catch(() => {})
    throw failure(error, 'write', to, signal)
  }
}

/** What is at `to` is replaced, but none of those that are packed. */
async function checkTarget (files, to) {
  const there = replaceable(to)
  if (there === undefined) return
  for (const file of files) {
    const { dev, ino } = await fs.stat(file.path)
    if (dev === there.dev && ino === there.ino) throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${to} is what is to be bundled: give the bundle another name`)
  }
}

/**
 * What a bundle of `files`, `{name, path}`, is made of, piece after piece, and its bytes.
 * @param {number} [time] milliseconds since 1970, of all files instead of each one's own: then equal files make equal bundles
 */
async function plan (files, time) {
  const parts = []
  for (const { name, path: file } of files) {
    const { size, mtimeMs } = await fs.stat(file)
    const [before, after] = [head(name, size, time ?? mtimeMs), padding(size)]
    parts.push({ bytes: before, length: before.length }, { file, length: size }, { bytes: after, length: after.length })
  }
  parts.push({ bytes: end, length: end.length })
  return { parts, length: parts.reduce((sum, { length }) => sum + length, 0) }
}

/** The bytes of a plan's parts from `start` to `last`, both included. */
async function * pieces (parts, { start = 0, end: last = Infinity } = {}) {
  let at = 0
  for (const { bytes, file, length } of parts) {
    const [from, to] = [Math.max(0, start - at), Math.min(length, last + 1 - at)]
    at += length
    if (from >= to) continue
    if (bytes !== undefined) {
      yield bytes.subarray(from, to)
      continue
    }
    let written = 0
    for await (const chunk of createReadStream(file, { start: from, end: to - 1, highWaterMark: 1 << 20 })) {
      written += chunk.length
      yield chunk
    }
    if (written !== to - from) throw new HeapwardenError('HEAPWARDEN_CAPTURE_FAILED', `${file} became shorter while it was packed`)
  }
}

module.exports = { isBundle, nameOf, pack, pieces, plan, unpack }

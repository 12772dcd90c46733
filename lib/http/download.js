'use strict'

// One snapshot to one client: its JSON, packed anew for a client that takes zstd; or the file itself.

const fs = require('node:fs')
const { once } = require('node:events')
const { pipeline } = require('node:stream/promises')
const { openSnapshot, packSnapshot } = require('../monitor/snapshot-stream')
const { negotiate } = require('./encoding')
const { wantedRange } = require('./range')
const { Refusal, open } = require('./reply')

const quoted = (name) => name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\]/g, '\\$&')
// RFC 8187 leaves fewer characters alone than encodeURIComponent does.
const extended = (name) => encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** Whether If-None-Match names `etag`; downloads are never changed in place, so the weak comparison will do. */
function unchanged (header, etag) {
  return header !== undefined && header.split(',').some((one) => ['*', etag].includes(one.trim().replace(/^W\//, '')))
}

async function openFile (path) {
  try {
    return await fs.promises.open(path, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    // Kept no longer: retention may have deleted it since it was listed.
    if (error.code === 'ENOENT') throw new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'this snapshot has just been deleted')
    throw error
  }
}

/** A stream that is known to work: after the first byte is out, no error can become a status any more. */
async function readable (stream) {
  await once(stream, 'readable')
  return stream
}

/** `?raw=1`: the file itself, with its metadata, and what is left of a cut one. */
const wantsFile = (req) => /[?&]raw(=1|=true)?(&|$)/.test(req.url)

/**
 * Sends the snapshot `info` under the name `name`; ends early and closes the file when the client goes away. `imagesOff`: why no
 * image is given out, if none is.
 *
 * A file has several zstd frames, skippable ones among them. zstd, browsers and curl read them all; others end after
 * the first without an error (node:zlib of Node.js 22 and 24, so `fetch` and got there): nothing at all, as the first
 * one is skippable. So `Content-Encoding: zstd` is one frame, packed on the way.
 */
async function download (req, res, info, name, imagesOff) {
  const isImage = info.form === 'image'
  if (isImage && imagesOff) {
    throw new Refusal(403, 'HEAPWARDEN_UNSUPPORTED', `this is a heap image, which holds everything, and none is given out: ${imagesOff}`)
  }
  // Whatever its name is.
  const compressed = isImage || name.endsWith('.zst')
  const raw = !compressed || wantsFile(req)
  const encoding = raw ? 'identity' : negotiate(req.headers['accept-encoding'])
  if (encoding === null) {
    throw new Refusal(406, 'HEAPWARDEN_UNSUPPORTED', 'neither zstd nor identity is in Accept-Encoding', { Vary: 'Accept-Encoding' })
  }
  if (!raw && !isImage && info.complete === false) {
    throw new Refusal(500, 'HEAPWARDEN_CORRUPT_SNAPSHOT', 'this snapshot was cut and cannot be unpacked whole; ?raw=1 gives what is left of the file')
  }
  if (!raw && isImage) {
    throw new Refusal(409, 'HEAPWARDEN_UNSUPPORTED', `this is a heap image, of which a snapshot is made elsewhere: ?raw=1 gives the file, and heapwarden thaw ${name} makes one of it`)
  }
  const file = await openFile(info.path)
  let source
  try {
    const { size, mtimeMs } = await file.stat()
    const form = raw ? 'file' : encoding
    const etag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}-${form}"`
    const sentName = raw ? name : name.replace(/\.zst$/, '')
    const head = {
      'Content-Type': raw && compressed ? 'application/zstd' : 'application/json',
      'Content-Disposition': `attachment; filename="${quoted(sentName)}"; filename*=UTF-8''${extended(sentName)}`,
      ETag: etag,
      Vary: 'Accept-Encoding'
    }
    if (encoding === 'zstd') head['Content-Encoding'] = 'zstd'
    const known = unchanged(req.headers['if-none-match'], etag)
    const part = raw && !known ? wantedRange(req, { size, etag, modified: mtimeMs }) : undefined
    if (part === null) {
      throw new Refusal(416, 'HEAPWARDEN_INVALID_OPTION', `the file has ${size} bytes: there is no such part`, { 'Content-Range': `bytes */${size}` })
    }
    // What is packed or unpacked on the way has no parts.
    head['Accept-Ranges'] = raw ? 'bytes' : 'none'
    if (raw) head['Last-Modified'] = new Date(mtimeMs).toUTCString()
    if (raw && !known) head['Content-Length'] = part ? part.end - part.start + 1 : size
    if (part) head['Content-Range'] = `bytes ${part.start}-${part.end}/${size}`

    const bodyless = known || req.method === 'HEAD'
    if (!bodyless) {
      if (raw) source = file.createReadStream({ autoClose: false, ...part })
      else source = await readable(encoding === 'zstd' ? packSnapshot(info.path) : openSnapshot(info.path))
    }
    if (!open(res)) return
    res.statusCode = known ? 304 : part ? 206 : 200
    for (const [header, value] of Object.entries(head)) res.setHeader(header, value)
    if (bodyless) res.end()
    else await pipeline(source, res)
  } finally {
    source?.destroy()
    await file.close()
  }
}

module.exports = { download }

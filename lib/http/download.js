'use strict'

// One snapshot file to one client: the file's own bytes where the client takes zstd, else unpacked on the way.

const fs = require('node:fs')
const { once } = require('node:events')
const { pipeline } = require('node:stream/promises')
const { openSnapshot } = require('../snapshots')
const { negotiate } = require('./encoding')
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

/** An unpacking stream that is known to work: after the first byte is out, no error can become a status any more. */
async function unpacked (path) {
  const stream = openSnapshot(path)
  await once(stream, 'readable')
  return stream
}

/** Sends the snapshot `info` under the name `name`; ends early and closes the file when the client goes away. */
async function download (req, res, info, name) {
  const compressed = name.endsWith('.zst')
  const encoding = compressed ? negotiate(req.headers['accept-encoding']) : 'identity'
  if (encoding === null) {
    throw new Refusal(406, 'HEAPWARDEN_UNSUPPORTED', 'neither zstd nor identity is in Accept-Encoding', { Vary: 'Accept-Encoding' })
  }
  const asStored = encoding === 'zstd' || !compressed
  if (!asStored && info.complete === false) {
    throw new Refusal(500, 'HEAPWARDEN_CORRUPT_SNAPSHOT', 'this snapshot was cut and cannot be unpacked whole; what is left of it is sent with Accept-Encoding: zstd')
  }
  const file = await openFile(info.path)
  let source
  try {
    const { size, mtimeMs } = await file.stat()
    const etag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}${encoding === 'zstd' ? '-zstd' : ''}"`
    const plainName = name.replace(/\.zst$/, '')
    const head = {
      'Content-Type': 'application/json',
      'Content-Disposition': `attachment; filename="${quoted(plainName)}"; filename*=UTF-8''${extended(plainName)}`,
      ETag: etag,
      Vary: 'Accept-Encoding'
    }
    if (encoding === 'zstd') head['Content-Encoding'] = 'zstd'
    const known = unchanged(req.headers['if-none-match'], etag)
    if (asStored && !known) head['Content-Length'] = size

    const bodyless = known || req.method === 'HEAD'
    if (!bodyless) source = asStored ? file.createReadStream({ autoClose: false }) : await unpacked(info.path)
    if (!open(res)) return
    res.statusCode = known ? 304 : 200
    for (const [header, value] of Object.entries(head)) res.setHeader(header, value)
    if (bodyless) res.end()
    else await pipeline(source, res)
  } finally {
    source?.destroy()
    await file.close()
  }
}

module.exports = { download }

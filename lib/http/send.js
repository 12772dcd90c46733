'use strict'

// What can be downloaded, to one client: headers, conditions, parts.

const { once } = require('node:events')
const { pipeline } = require('node:stream/promises')
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

/** How the JSON of a snapshot goes to this client: 'zstd' or 'identity'. @throws Refusal */
function encodingFor (req) {
  const encoding = negotiate(req.headers['accept-encoding'])
  if (encoding !== null) return encoding
  throw new Refusal(406, 'HEAPWARDEN_UNSUPPORTED', 'neither zstd nor identity is in Accept-Encoding', { Vary: 'Accept-Encoding' })
}

/** A stream that is known to work: after the first byte is out, no error can become a status any more. */
async function readable (stream) {
  await once(stream, 'readable')
  return stream
}

/**
 * Sends what `begin` opens; ends early when the client goes away.
 *
 * @param {object} what
 * @param {string} what.name which the client is to save it under
 * @param {string} what.type
 * @param {string} [what.etag] without its quotes
 * @param {'zstd' | 'identity'} [what.encoding]
 * @param {number} [what.modified] milliseconds since 1970
 * @param {number} [what.size] if it is known; then there are parts as well
 * @param {(part?: { start: number, end: number }) => Promise<import('node:stream').Readable | undefined>} what.begin undefined:
 *   nobody wants it any more
 */
async function send (req, res, { name, type, etag: tag, encoding, modified, size, begin }) {
  const etag = tag && `"${tag}"`
  const head = {
    'Content-Type': type,
    'Content-Disposition': `attachment; filename="${quoted(name)}"; filename*=UTF-8''${extended(name)}`,
    Vary: 'Accept-Encoding',
    // What is made on the way has no parts.
    'Accept-Ranges': size === undefined ? 'none' : 'bytes'
  }
  if (etag) head.ETag = etag
  if (encoding === 'zstd') head['Content-Encoding'] = 'zstd'
  if (modified !== undefined) head['Last-Modified'] = new Date(modified).toUTCString()
  const known = etag !== undefined && unchanged(req.headers['if-none-match'], etag)
  const part = size !== undefined && !known ? wantedRange(req, { size, etag, modified }) : undefined
  if (part === null) {
    throw new Refusal(416, 'HEAPWARDEN_INVALID_OPTION', `the file has ${size} bytes: there is no such part`, { 'Content-Range': `bytes */${size}` })
  }
  if (size !== undefined && !known) head['Content-Length'] = part ? part.end - part.start + 1 : size
  if (part) head['Content-Range'] = `bytes ${part.start}-${part.end}/${size}`

  const bodyless = known || req.method === 'HEAD'
  const source = bodyless ? undefined : await begin(part)
  try {
    if (!open(res) || (!bodyless && source === undefined)) return
    res.statusCode = known ? 304 : part ? 206 : 200
    for (const [header, value] of Object.entries(head)) res.setHeader(header, value)
    if (bodyless) res.end()
    else await pipeline(source, res)
  } finally {
    source?.destroy()
  }
}

module.exports = { encodingFor, readable, send }

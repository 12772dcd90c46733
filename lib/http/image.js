'use strict'

// A heap image to one client: V8's snapshot of it, thawed on the way where the service can spare what that takes; or the bundle,
// of which one is made anywhere.

const { createHash } = require('node:crypto')
const { access } = require('node:fs/promises')
const { Readable } = require('node:stream')
const { nameOf, pieces, plan } = require('../image/bundle')
const { baggage } = require('../image/travel')
const { openSnapshot, packSnapshot } = require('../monitor/snapshot-stream')
const { Refusal, statusOf } = require('./reply')
const { readable, send } = require('./send')

/** Whoever waits longer is better off with the bundle. */
const TIMEOUT_MS = 10 * 60 * 1000

const stemOf = (image) => nameOf(image).replace(/\.heapimage\.zst$/, '')

/** Of all middlewares of this process: each copy takes several times a heap. */
let last = Promise.resolve()

/** Does `work` when nobody else's is done any more; nothing as soon as `signal` says that nobody wants it. */
async function inTurn (signal, work) {
  const before = last
  let done
  last = new Promise((resolve) => { done = resolve })
  try {
    await Promise.race([before, gone(signal)])
    if (!signal.aborted) return await work()
  } finally {
    // Who has left does not let the next one in before it is his turn.
    before.then(done)
  }
}

const gone = (signal) => new Promise((resolve) => {
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', resolve, { once: true })
})

/** Says when the client has gone. */
function leaving (res) {
  const gone = new AbortController()
  if (res.destroyed) gone.abort()
  else res.once('close', () => gone.abort())
  return gone.signal
}

/** Why there is no snapshot of it here, and how to have one: with the status of the code, but for what only this machine lacks. */
function elsewhere (error, image) {
  const lacking = { HEAPWARDEN_MEMORY_BUDGET: 409, HEAPWARDEN_UNSUPPORTED: 409, HEAPWARDEN_NOT_FOUND: 409 }
  const { code, message } = error
  if (!/^HEAPWARDEN_/.test(code)) return error
  const way = `?raw=1 gives all that is needed to thaw it elsewhere, on Linux x64: heapwarden thaw ${stemOf(image)}.heapbundle.tar`
  return new Refusal(lacking[code] ?? statusOf[code] ?? 500, code, `${message}. ${way}`)
}

/** The snapshot in it. Its file, beside the image, has no name any more when the first byte is sent. */
async function sendThawed (req, res, { path, name, version, encoding, thawing }) {
  const signal = leaving(res)
  const begin = () => inTurn(signal, async () => {
    const stream = (encoding === 'zstd' ? packSnapshot : openSnapshot)(path, { ...thawing, beside: true, timeout: TIMEOUT_MS })
    const closed = new Promise((resolve) => stream.once('close', resolve))
    const stop = () => stream.destroy(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await readable(stream)
    } catch (error) {
      // The next one's turn is when nothing of this one is left.
      await closed
      // Removed meanwhile, by whoever keeps only so many.
      await access(path).catch(() => { throw new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'this image has just been deleted') })
      throw elsewhere(error, path)
    }
  })
  await send(req, res, { name: `${stemOf(name)}.heapsnapshot`, type: 'application/json', etag: `${version}-thawed-${thawing.numericValues === true ? 'numeric-' : ''}${encoding}`, encoding, begin })
}

/** A tar of the image and of what it needs. In parts too: what is in the same files makes the same tar. */
async function sendBundle (req, res, { path, version, modified, thawing: { minFreeDisk } }) {
  const signal = leaving(res)
  const { files, complete, remove } = await baggage(path, { bring: req.method !== 'HEAD', minFreeDisk, signal, inTurn: (work) => inTurn(signal, work) })
  if (signal.aborted) return remove()
  try {
    const { parts, length } = await plan(files, modified)
    const what = { name: `${stemOf(path)}.heapbundle.tar`, type: 'application/x-tar', modified }
    // Packed only for who wants to have it.
    if (!complete && req.method === 'HEAD') return await send(req, res, { ...what, begin: () => {} })
    const content = createHash('sha256').update(JSON.stringify([version, ...files.map(({ name }, index) => [name, parts[3 * index + 1].length])]))
    await send(req, res, { ...what, etag: content.digest('base64url').slice(0, 22), size: length, begin: (part) => Readable.from(pieces(parts, part), { objectMode: false }) })
  } finally {
    remove()
  }
}

module.exports = { sendBundle, sendThawed }

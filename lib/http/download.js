'use strict'

// One snapshot to one client: its JSON, packed anew for a client that takes zstd; or the file itself.

const fs = require('node:fs')
const { openSnapshot, packSnapshot } = require('../monitor/snapshot-stream')
const { sendBundle, sendThawed } = require('./image')
const { Refusal } = require('./reply')
const { encodingFor, readable, send } = require('./send')

async function openFile (path) {
  try {
    return await fs.promises.open(path, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    // Kept no longer: retention may have deleted it since it was listed.
    if (error.code === 'ENOENT') throw new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'this snapshot has just been deleted')
    throw error
  }
}

/** `?raw=1`: the file itself, with its metadata, and what is left of a cut one. */
const wantsFile = (req) => /[?&]raw(=1|=true)?(&|$)/.test(req.url)

/**
 * Sends the snapshot `info` under the name `name`; ends early and closes the file when the client goes away.
 *
 * A file has several zstd frames, skippable ones among them. zstd, browsers and curl read them all; others end after
 * the first without an error (node:zlib of Node.js 22 and 24, so `fetch` and got there): nothing at all, as the first
 * one is skippable. So `Content-Encoding: zstd` is one frame, packed on the way.
 *
 * @param {{ imagesOff?: string, thawing: object }} options `imagesOff`: why no image is given out, if none is; how one is thawed
 */
async function download (req, res, info, name, { imagesOff, thawing }) {
  const isImage = info.form === 'image'
  if (isImage && imagesOff) {
    throw new Refusal(403, 'HEAPWARDEN_UNSUPPORTED', `this is a heap image, which holds everything, and none is given out: ${imagesOff}`)
  }
  const compressed = name.endsWith('.zst')
  const raw = isImage ? wantsFile(req) : !compressed || wantsFile(req)
  const encoding = raw ? 'identity' : encodingFor(req)
  if (!raw && info.complete === false) {
    throw new Refusal(500, 'HEAPWARDEN_CORRUPT_SNAPSHOT', `this ${isImage ? 'heap image' : 'snapshot'} was cut and cannot be ${isImage ? 'thawed' : 'unpacked whole'}; ?raw=1 gives what is left of the file`)
  }
  const file = await openFile(info.path)
  try {
    const { size, mtimeMs } = await file.stat()
    const version = `${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}`
    if (isImage) return await (raw ? sendBundle : sendThawed)(req, res, { path: info.path, name, version, modified: mtimeMs, encoding, thawing })
    await send(req, res, {
      name: raw ? name : name.replace(/\.zst$/, ''),
      type: raw && compressed ? 'application/zstd' : 'application/json',
      etag: `${version}-${raw ? 'file' : encoding}`,
      encoding,
      ...raw && { size, modified: mtimeMs },
      begin: (part) => raw
        ? file.createReadStream({ autoClose: false, ...part })
        : readable(encoding === 'zstd' ? packSnapshot(info.path) : openSnapshot(info.path))
    })
  } finally {
    await file.close()
  }
}

module.exports = { download }

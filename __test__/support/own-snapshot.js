'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { openSnapshot, takeSnapshot } = require('../..')

/** A snapshot of this very process: its file in a folder of its own, and its JSON as it is and as a plain file. Whoever asks removes `dir`. */
async function ownSnapshot () {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-test-'))
  const { path: file } = await takeSnapshot({ dir })
  const json = await openSnapshot(file).toArray().then(Buffer.concat)
  const plain = path.join(dir, 'plain.heapsnapshot')
  fs.writeFileSync(plain, json)
  return { dir, file, json, plain }
}

module.exports = { ownSnapshot }

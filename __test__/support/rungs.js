'use strict'

// Images from each rung of a small heap, which programs/rungs.js leaves.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { capabilities } = require('../..')
const { tempDir } = require('./helpers')
const { start } = require('./programs')

const { image, fork } = capabilities.snapshots
/** Of a test: where it cannot be. */
const options = { skip: (!image.available && image.reason) || (!fork.available && fork.reason) }

const isImage = (name) => name.endsWith('.heapimage.zst')

/**
 * @param {string[]} wanted fork, inline, signal, worker, limit
 * @returns {Promise<{ dir: string, images: Record<string, string>, said: object[] }>} removed with this process
 */
async function images (wanted) {
  const dir = tempDir({ after: (work) => process.once('exit', work) })
  const { status, signal, stderr, lines } = await start('rungs', [dir, wanted.join(',')], { flags: ['--max-old-space-size=24'] }).ended
  assert.equal(signal ?? status, wanted.includes('limit') ? 'SIGABRT' : 0, stderr)
  const found = wanted.map((rung) => {
    const names = fs.readdirSync(path.join(dir, rung)).filter(isImage)
    assert.equal(names.length, 1, `${rung}: ${names}\n${stderr}`)
    return [rung, path.join(dir, rung, names[0])]
  })
  return { dir, images: Object.fromEntries(found), said: lines }
}

module.exports = { images, isImage, options }

'use strict'

// Runs programs/exhaust.js into its heap limit, and thaws the images that it leaves.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { text } = require('node:stream/consumers')
const { run, tempDir } = require('./helpers')
const { capabilities, openSnapshot, thaw } = require('../..')

const skip = !capabilities.snapshots.image.available && capabilities.snapshots.image.reason
const program = path.join(__dirname, '..', 'programs', 'exhaust.js')
const limited = '--max-old-space-size=24'

/** Lets it die; how it ended, what it said, and its images. */
async function exhaust (t, kind, options = {}) {
  const dir = tempDir(t)
  const end = await run(process.execPath, [limited, program, kind, dir, JSON.stringify(options)])
  const images = fs.readdirSync(dir).filter((name) => name.endsWith('.heapimage.zst')).map((name) => path.join(dir, name))
  return { ...end, dir, images }
}

/** The snapshot of an image: whole, and of the heap that was full. */
async function thawed (image) {
  const info = await thaw(image)
  assert.equal(info.complete, true)
  assert.equal(info.trigger, 'nearHeapLimit')
  const { snapshot, nodes, edges, strings } = JSON.parse(await text(openSnapshot(info.path)))
  assert.equal(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length)
  assert.equal(edges.length, snapshot.edge_count * snapshot.meta.edge_fields.length)
  assert.ok(strings.includes('Evidence'), 'what has filled the heap is in it')
  const size = snapshot.meta.node_fields.indexOf('self_size')
  let bytes = 0
  for (let at = size; at < nodes.length; at += snapshot.meta.node_fields.length) bytes += nodes[at]
  return { bytes, strings }
}

const MIB = 2 ** 20

/** A heap full of `kind` leaves one image, which holds `least` MiB at the least, and V8 ends the process. */
async function leavesOne (t, kind, least) {
  const { signal, stderr, images } = await exhaust(t, kind)
  assert.equal(signal, 'SIGABRT', stderr)
  assert.match(stderr, /FATAL ERROR: .*heap/, 'V8 says what it always says')
  assert.deepEqual(images.length, 1, stderr)
  assert.ok(stderr.includes(`reached; its image is ${images[0]}\n`), stderr)
  const { bytes } = await thawed(images[0])
  assert.ok(bytes > least * MIB, `${bytes} bytes`)
}

module.exports = { MIB, exhaust, leavesOne, skip, thawed }

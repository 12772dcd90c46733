'use strict'

// A process at its heap limit is frozen inside V8's question for a higher one, and dies as it would have. Its image is thawed
// here, and the snapshot that comes out is whole. `orders/heap-limit.test.js` looks at the limit with images off.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { text } = require('node:stream/consumers')
const { test } = require('node:test')
const { run, tempDir } = require('../support/helpers')
const { capabilities, openSnapshot, thaw } = require('../..')

const skip = !capabilities.snapshots.image.available && capabilities.snapshots.image.reason
const program = path.join(__dirname, '..', 'programs', 'exhaust.js')
const limited = '--max-old-space-size=32'

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
// Of a Map's table, as of any array that doubles, V8 frees the old one, or has no room for the new.
const ways = { objects: 20, map: 8, set: 8, dictionary: 8, array: 4, strings: 20, closures: 20, arrays: 15, loop: 20 }

for (const [kind, least] of Object.entries(ways)) {
  test(`a heap full of ${kind}: the image holds it, and V8 ends the process`, { skip }, async (t) => {
    const { signal, stderr, images } = await exhaust(t, kind)
    assert.equal(signal, 'SIGABRT', stderr)
    assert.match(stderr, /FATAL ERROR: .*heap/, 'V8 says what it always says')
    assert.deepEqual(images.length, 1, stderr)
    assert.ok(stderr.includes(`reached; its image is ${images[0]}\n`), stderr)
    const { bytes } = await thawed(images[0])
    assert.ok(bytes > least * MIB, `${bytes} bytes`)
  })
}

test('a worker at its own limit: the image is of its heap, and Node ends it as ever', { skip }, async (t) => {
  const { status, stdout, stderr, images } = await exhaust(t, 'worker:list')
  // Where Node ends the process of it, it does so without us too: see orders/heap-limit-worker.test.js.
  if (status === 0) assert.deepEqual(JSON.parse(stdout), { code: 'ERR_WORKER_OUT_OF_MEMORY' })
  assert.equal(images.length, 1, stderr)
  assert.match(images[0], /-[1-9]\d*-nearheaplimit-/, 'of a worker')
  const { bytes } = await thawed(images[0])
  assert.ok(bytes > 20 * MIB, `${bytes} bytes`)
})

test('the limit is raised where somebody said so, after the image', { skip }, async (t) => {
  const { signal, stderr, images } = await exhaust(t, 'objects', { nearHeapLimit: { extend: '24MiB' } })
  assert.equal(signal, 'SIGABRT', stderr)
  assert.equal(images.length, 1, 'one a ramp')
  // V8's own report of its last collections: what the heap had grown to.
  const largest = Math.max(...[...stderr.matchAll(/Mark-Compact.* \((\d+)\.\d+\) -> /g)].map(([, mb]) => Number(mb)))
  assert.ok(largest > 40, stderr)
})

test('a disk that is too full: V8 ends the process, and one line says why there is no image', { skip }, async (t) => {
  const { signal, stderr, images } = await exhaust(t, 'objects', { snapshots: { minFreeDisk: Number.MAX_SAFE_INTEGER } })
  assert.equal(signal, 'SIGABRT', stderr)
  assert.match(stderr, /heapwarden: heap limit of .* reached; there is no image of it: .*minFreeDisk/)
  assert.match(stderr, /FATAL ERROR: .*heap/)
  assert.deepEqual(images, [])
})

test('images that are turned off, and masked snapshots, leave none', { skip }, async (t) => {
  for (const snapshots of [{ images: false, mode: 'inline' }, { redact: true, mode: 'inline' }]) {
    const { stderr, images } = await exhaust(t, 'list', { snapshots })
    assert.doesNotMatch(stderr, /image/)
    assert.deepEqual(images, [])
  }
})

'use strict'

// A process at its heap limit is frozen inside V8's question for a higher one, and dies as it would have. Its image is thawed
// here, and the snapshot that comes out is whole. `orders/heap-limit.test.js` looks at the limit with images off; more ways to fill a
// heap are in limit.once.test.js, and all in scripts/exhaustion.js.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { MIB, exhaust, leavesOne, skip, thawed } = require('../support/exhaust')

// Of a Map's table, as of any array that doubles, V8 frees the old one, or has no room for the new.
for (const [kind, least] of Object.entries({ map: 4, arrays: 10, loop: 12 })) {
  test(`a heap full of ${kind}: the image holds it, and V8 ends the process`, { skip }, (t) => leavesOne(t, kind, least))
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

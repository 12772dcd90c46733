'use strict'

// Ways to fill a heap beside those of limit.test.js, and what may stand in an image's way.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { exhaust, leavesOne, skip } = require('../support/exhaust')

for (const [kind, least] of Object.entries({ objects: 12, set: 4, dictionary: 4, array: 2, strings: 12, closures: 12 })) {
  test(`a heap full of ${kind}: the image holds it, and V8 ends the process`, { skip }, (t) => leavesOne(t, kind, least))
}

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

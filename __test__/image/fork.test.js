'use strict'

// An image by fork, thawed, and V8's snapshot by a child forked a moment later, from a loop that touches nothing: they are equal.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { tempDir } = require('../support/helpers')
const { finish } = require('../support/programs')
const { FLAGS, figures } = require('../support/same-heap')
const { capabilities, thaw } = require('../..')

const { image, fork } = capabilities.snapshots
const skip = (!image.available && image.reason) || (!fork.available && fork.reason)

// More of them, and larger ones, in scripts/equality.js.
test('an image and V8\'s own child give the same nodes, edges, sizes, names and classes', { skip }, async (t) => {
  const [[image, snapshot]] = await finish('two-forks', [tempDir(t), 'sessions,weak,generators,intl,wasm'], { flags: FLAGS })
  assert.deepEqual([image.form, snapshot.form], ['image', 'snapshot'])
  const thawed = await thaw(image.path)
  assert.equal(thawed.complete, true)
  const [one, other] = [await figures(thawed.path), await figures(snapshot.path)]
  assert.deepEqual(one, other)
  assert.ok(one.nodes > 60_000, `${one.nodes}`)
  t.diagnostic(`${one.nodes} nodes; the image has ${image.bytes} bytes, the snapshot ${snapshot.bytes}`)
})

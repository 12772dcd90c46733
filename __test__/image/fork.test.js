'use strict'

// An image by fork, thawed, and V8's snapshot by a child forked a moment later, from a loop that touches nothing: they are equal.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { tempDir } = require('../support/helpers')
const { finish } = require('../support/programs')
const { capabilities, summarize, thaw } = require('../..')

const { image, fork } = capabilities.snapshots
const skip = (!image.available && image.reason) || (!fork.available && fork.reason)

test('an image and V8\'s own child give the same nodes, edges, sizes and classes', { skip }, async (t) => {
  const [[image, snapshot]] = await finish('two-forks', [tempDir(t)], { flags: ['--jitless'] })
  assert.deepEqual([image.form, snapshot.form], ['image', 'snapshot'])
  const thawed = await thaw(image.path)
  assert.equal(thawed.complete, true)
  const [one, other] = await Promise.all([thawed, snapshot].map(async ({ path }) => {
    const { nodes, edges, totalSize, statistics, classes, duplicateStrings } = await summarize(path)
    return { nodes, edges, totalSize, statistics, classes, duplicateStrings }
  }))
  assert.deepEqual(one, other)
  assert.ok(one.nodes > 60_000, `${one.nodes}`)
  t.diagnostic(`${one.nodes} nodes; the image has ${image.bytes} bytes, the snapshot ${snapshot.bytes}`)
})

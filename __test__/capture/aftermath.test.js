'use strict'

// V8 goes on tracking every moved object after a snapshot, which makes the collector several times slower for as
// long as the process lives. Ours ends that.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { capabilities } = require('../..')
const { tempDir } = require('../support/helpers')
const { finish } = require('../support/programs')

const ratio = async (t, kind) => (await finish('aftermath', [kind, tempDir(t)]))[0].ratio
const { inline } = capabilities.snapshots

test('a GC-heavy loop is as fast after a snapshot as before', { skip: !inline.available && inline.reason }, async (t) => {
  const theirs = await ratio(t, 'v8')
  const ours = await ratio(t, 'inline')
  assert.ok(theirs > 1.4, `v8.writeHeapSnapshot() made it ${theirs.toFixed(2)} times slower: is it still so?`)
  // Not a fixed factor: on a busy machine both swing, and the difference stays.
  assert.ok(ours - 1 < (theirs - 1) / 2.5, `${ours.toFixed(2)} × before; V8's own ${theirs.toFixed(2)} ×`)
})

test('the way that is taken by itself leaves none either', { skip: !inline.available && inline.reason }, async (t) => {
  const ours = await ratio(t, 'auto')
  assert.ok(ours < 1.6, `${ours.toFixed(2)} × before`)
})

test('ids kept stable have that price', { skip: !inline.available && inline.reason }, async (t) => {
  const ours = await ratio(t, 'stable')
  assert.ok(ours > 1.4, `${ours.toFixed(2)} × before: are the ids still kept?`)
})

test('node:v8 leaves its aftermath, and the capabilities say which way is taken', { skip: inline.available && 'V8 is reached here' }, async (t) => {
  assert.match(inline.reason, /\S/)
  assert.equal(capabilities.snapshots.portable.available, true)
  const ours = await ratio(t, 'auto')
  assert.ok(ours > 1.4, `${ours.toFixed(2)} ×: then docs/performance.md can be better news`)
})

'use strict'

// A thread that comes neither to its loop nor to a stack guard leaves an image all the same, from a signal; and then goes on as if
// nothing had been. In more ways on one Node: stuck.once.test.js.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { answers, evidence, isWhole, options } = require('../support/stuck')

test('stuck in one call', options, async (t) => {
  const info = await evidence(t, { kind: 'spawn' })
  assert.deepEqual([info.form, info.mode, info.threadId], ['image', 'fork', 0])
  assert.match(info.reason, /came to no stack guard/)
  assert.ok(info.pauseMs > 0 && info.pauseMs < 5000, `${info.pauseMs} ms`)
  await isWhole(t, info)
})

test('where no child may be forked it is frozen in place', options, async (t) => {
  const info = await evidence(t, { kind: 'spawn', snapshots: { mode: 'inline', form: 'image' } })
  assert.deepEqual([info.form, info.mode], ['image', 'inline'])
  await answers(info)
})

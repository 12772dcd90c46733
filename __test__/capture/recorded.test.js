'use strict'

// V8 has one profiler a heap, and others use it too.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { tempDir } = require('../support/helpers')
const { finish } = require('../support/programs')
const { capabilities } = require('../..')

const skip = !capabilities.snapshots.inline.available && 'not available here'

for (const [who, allocations] of [['snapshot', true], ['heapdump', true], ['sync', true], ['snapshot', false]]) {
  test(`inline (${who}) while an inspector's client records ${allocations ? 'allocations' : 'objects'}: both get what they asked for`, { skip }, async (t) => {
    const dir = tempDir(t)
    const [{ chunks }] = await finish('recorded', [who, dir, allocations], { deadline: 60_000 })
    assert.ok(chunks > 0, 'the recording has its own snapshot at its end')
    assert.equal(fs.readdirSync(dir).length, 1)
  })
}

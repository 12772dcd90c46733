'use strict'

// The limit where images are off: a forked dump. More ways to get there: heap-limit.once.test.js. Where images are on: image/limit.test.js.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { diesAsEver, folder, leak, skip } = require('../support/heap-limit')

test('a leak up to the limit: the dump outlives the process, which dies as it would have', { skip }, async (t) => {
  const dir = folder(t)
  await diesAsEver(t, 'sync', dir)
})

test('nearHeapLimit: false changes nothing', { skip }, async (t) => {
  const dir = folder(t)
  const { status, stderr } = await leak(t, 'sync', dir, { how: 'off' })
  assert.equal(status, 'SIGABRT')
  assert.doesNotMatch(stderr, /heapwarden:/)
  assert.deepEqual(fs.readdirSync(dir), [])
})

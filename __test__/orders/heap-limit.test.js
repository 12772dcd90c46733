'use strict'

// The limit where images are off: a forked dump. More ways to get there: heap-limit.once.test.js. Where images are on: image/limit.test.js.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { checkDump, finished, folder, leak, skip } = require('../support/heap-limit')

test('a leak up to the limit: the dump outlives the process, which dies as it would have', { skip }, async (t) => {
  const dir = folder(t)
  const without = await leak(t, 'sync', dir, { how: 'unwatched' })
  const watched = await leak(t, 'sync', dir)
  assert.equal(watched.status, without.status, watched.stderr)
  assert.match(watched.stderr, /FATAL ERROR: .*heap/, 'V8 says what it always says')
  assert.match(watched.stderr, /heapwarden: heap limit of .* reached; its snapshot is /)
  const files = await finished(dir, watched)
  assert.equal(files.length, 1, `one per ramp\n${watched.said()}`)
  assert.match(files[0], /nearheaplimit/)
  await checkDump(files[0])
  t.diagnostic(`died after ${(watched.ms / without.ms).toFixed(2)} × the time without a watch`)
})

test('nearHeapLimit: false changes nothing', { skip }, async (t) => {
  const dir = folder(t)
  const { status, stderr } = await leak(t, 'sync', dir, { how: 'off' })
  assert.equal(status, 'SIGABRT')
  assert.doesNotMatch(stderr, /heapwarden:/)
  assert.deepEqual(fs.readdirSync(dir), [])
})

'use strict'

// heapUsedRatio is 1 where V8 ends the process, however small the heap: run to the end on each Node.

const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')
const v8 = require('node:v8')
const { node, root } = require('../support/helpers')
const { capabilities, watch } = require('../..')

const program = path.join(root, '__test__', 'programs', 'ratio.js')
const skip = !capabilities.v8.available && 'needs V8\'s own interface'

async function lastRatio (flags, where) {
  const { stdout, stderr, status, signal } = await node([...flags, program, 100_000, where], { timeout: 60_000, killSignal: 'SIGKILL' })
  assert.ok(signal === 'SIGABRT' || status === 3, `ended with ${signal ?? status}\n${stderr}`)
  const samples = stdout.trim().split('\n').map((line) => JSON.parse(line))
  for (const { heapUsedRatio, heapUsed, heapLimit } of samples) assert.equal(heapUsedRatio, heapUsed / heapLimit)
  // V8 has two ends: the heap is full, or four collections in a row were in vain above four fifths of it, which is a matter
  // of how busy the machine is. A worker does not say which.
  const full = /FATAL ERROR/.test(stderr) && !/Ineffective mark-compacts/.test(stderr)
  return { ...samples.at(-1), least: full ? 0.9 : 0.8 }
}

test('a small heap dies at a ratio near 1', { skip }, async () => {
  const [small, semi] = await Promise.all([
    lastRatio(['--max-old-space-size=64'], 'main'),
    lastRatio(['--max-old-space-size=64', '--max-semi-space-size=4'], 'main')
  ])
  for (const { heapUsedRatio, heapLimit, least } of [small, semi]) {
    assert.ok(heapUsedRatio >= least, `died at ${heapUsedRatio}`)
    assert.ok(Math.abs(heapLimit - (64 << 20)) <= 1, String(heapLimit))
  }
})

test('so does a worker with resourceLimits', { skip }, async () => {
  const { heapUsedRatio, heapLimit, worker, least } = await lastRatio([], '48')
  assert.ok(worker)
  assert.ok(heapUsedRatio >= least, `died at ${heapUsedRatio}`)
  assert.ok(Math.abs(heapLimit - (48 << 20)) <= 1, String(heapLimit))
})

test('looking for the limit leaves it where it is', { skip }, async (t) => {
  const before = v8.getHeapStatistics().heap_size_limit
  const monitor = watch({ rules: [] })
  t.after(() => monitor.stop())
  assert.ok(before - v8.getHeapStatistics().heap_size_limit <= 1)
  assert.ok(monitor.latest.heapLimit < before)
})

'use strict'

// Monitors never hold up a process, nor do they leave anything behind.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { tempDir } = require('../support/helpers')
const { finish, isFinal, start } = require('../support/programs')

/** Far more than it takes, far less than for ever: other tests run beside this one. */
const QUICK = { deadline: 90_000 }

async function ends (t, name, args) {
  const { ended } = start(name, args, QUICK)
  const end = await ended
  assert.equal(end.signal, null, `${end.signal}: ${end.stderr}`)
  return end
}

test('an idle monitor lets the process end', async (t) => {
  const { status, stderr } = await ends(t, 'idle', [])
  assert.equal(status, 0, stderr)
  assert.equal(stderr, '')
})

test('so does one that was stopped', async (t) => {
  assert.equal((await ends(t, 'idle', ['stop'])).status, 0)
})

test('process.exit() while a monitor runs keeps its status', async (t) => {
  assert.equal((await ends(t, 'idle', ['exit'])).status, 5)
})

test('an uncaught exception ends the process as it would without a monitor', async (t) => {
  const { status, stderr } = await ends(t, 'idle', ['throw'])
  assert.equal(status, 1)
  assert.match(stderr, /Error: on purpose/)
})

test('process.exit() in the middle of a snapshot leaves none and keeps its status', async (t) => {
  for (let turn = 0; turn < 3; turn++) {
    const dir = tempDir(t)
    const { status, lines, stderr } = await ends(t, 'snapshot', [dir, 12, 'exit'])
    assert.equal(status, 7, stderr)
    const finals = fs.readdirSync(dir).filter(isFinal)
    assert.equal(finals.length, 0, `${finals} ${JSON.stringify(lines)}`)
  }
})

test('thousands of monitors started and stopped leave nothing behind', async () => {
  const [started, every] = [3000, 250]
  // A young generation of one size: V8's memory would make steps of megabytes where it grows or shrinks.
  const flags = ['--min-semi-space-size=1', '--max-semi-space-size=1']
  const lines = await finish('churn', [started, every], { ...QUICK, flags })
  // Until the first thousand V8 and the allocator take what they go on using.
  const points = lines.filter((line) => line.started >= 1000)
  const [first, last] = [points[0], points.at(-1)]
  assert.equal(points.length, 1 + (started - 1000) / every)
  for (const what of ['threads', 'descriptors']) assert.equal(last[what], first[what], what)
  assert.equal(last.heapwarden, 0, 'the sampler thread has ended')
  const each = slope(points.map((point) => [point.started, point.beyondHeap]))
  assert.ok(each < 2048, `a monitor takes ${each} bytes: ${points.map(({ beyondHeap }) => beyondHeap)}`)
  assert.ok(last.heapUsed - first.heapUsed < 1e6, `JavaScript keeps ${last.heapUsed - first.heapUsed} bytes`)
})

/** The median of the slopes from each point to the next: an allocator's step is one of them, a leak is in all. */
function slope (points) {
  const slopes = points.slice(1).map(([x, y], i) => (y - points[i][1]) / (x - points[i][0]))
  return slopes.sort((a, b) => a - b)[slopes.length >> 1]
}

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

test('1,000 monitors started and stopped leave nothing behind', async () => {
  // Another 1,000 before them: until then V8 and the allocator take what they go on using.
  const lines = await finish('churn', [2000, 500])
  const at = (count) => lines.find(({ started }) => started === count)
  const [first, middle, last] = [at(1000), at(1500), at(2000)]
  for (const what of ['threads', 'descriptors']) assert.equal(last[what], first[what], what)
  assert.equal(last.heapwarden, 0, 'the sampler thread has ended')
  const [early, late] = [middle.beyondHeap - first.beyondHeap, last.beyondHeap - middle.beyondHeap]
  assert.ok(late < Math.max(early / 2, 4e6), `the second 500 took ${late} bytes, the first ${early}`)
  assert.ok(last.heapUsed - middle.heapUsed < 1e6, `JavaScript keeps ${last.heapUsed - middle.heapUsed} bytes`)
})

'use strict'

// A capture by a forked child is the same snapshot, and leaves nothing behind.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')
const { capabilities, takeSnapshot } = require('../../..')
const { ballast, forkTest, holdings, hurried, totals, until } = require('../../support/forks')
const { node, root, tempDir } = require('../../support/helpers')
const { monitored } = require('../../support/programs')

/** Each finds the heap as the one before left it; the collector runs before both. */
const TOLERANCE = 0.02

forkTest('auto forks where it can, and its totals are those of an inline snapshot', async (t) => {
  const dir = tempDir(t)
  ballast(t)
  // What the first one loads and compiles is part of the second.
  await hurried(takeSnapshot({ dir }))
  const forked = await hurried(takeSnapshot({ dir }))
  const inline = await takeSnapshot({ dir, mode: 'inline' })
  assert.deepEqual([forked.mode, inline.mode], ['fork', 'inline'])
  assert.ok(forked.attempts >= 1 && forked.attempts <= 3)
  assert.ok(forked.pauseMs > 0 && forked.pauseMs < forked.durationMs)
  assert.ok(forked.pauseMs < inline.pauseMs, `${forked.pauseMs} ms by fork, ${inline.pauseMs} ms inline`)
  const [one, other] = [await totals(forked.path), await totals(inline.path)]
  for (const what of ['nodes', 'edges', 'bytes']) {
    const apart = Math.abs(one[what] - other[what]) / other[what]
    assert.ok(apart <= TOLERANCE, `${what}: ${one[what]} by fork, ${other[what]} inline`)
  }
  assert.equal(one.nodes, forked.nodes)
  assert.ok(one.strings.includes('entry 9999'))
})

forkTest('10 captures leave no descriptor, thread, child or page behind', async (t) => {
  const dir = tempDir(t)
  for (let i = 0; i < 2; i++) await hurried(takeSnapshot({ dir, mode: 'fork' }))
  const before = holdings()
  for (let i = 0; i < 10; i++) {
    assert.equal((await hurried(takeSnapshot({ dir, mode: 'fork', keep: { count: 3 } }))).mode, 'fork')
  }
  // The conductor's thread ends a moment after it has told its result. More than before is what must not be:
  // libuv may have ended something of its own meanwhile.
  let after
  const left = () => Object.keys(before).filter((what) => after[what] > before[what])
  await until(AbortSignal.any([t.signal, AbortSignal.timeout(30_000)]), () => {
    after = holdings()
    return left().length === 0
  }).catch(() => {})
  assert.deepEqual(left(), [], `${JSON.stringify(before)} before, ${JSON.stringify(after)} after`)
})

forkTest('a monitor hears how far it is', async (t) => {
  ballast(t)
  const monitor = monitored(t, { snapshots: { dir: tempDir(t), mode: 'fork' } })
  const phases = new Set()
  monitor.on('progress', ({ phase, done, total }) => {
    phases.add(phase)
    assert.ok(done >= 0 && (phase === 'write' || done <= total), `${phase} ${done} of ${total}`)
  })
  const heard = once(monitor, 'snapshot')
  await hurried(monitor.snapshot())
  await heard
  assert.ok(phases.size > 0)
})

forkTest("a worker's capture is of its own heap", async (t) => {
  global.ofTheMain = ['only the main thread has this string']
  const worker = new Worker(`
    const { takeSnapshot } = require(${JSON.stringify(root)})
    const { parentPort, workerData: dir, threadId } = require('node:worker_threads')
    global.ofTheWorker = ['only the ', 'worker has this string'].join('')
    takeSnapshot({ dir, mode: 'fork' }).then((info) => parentPort.postMessage({ info, threadId }))
  `, { eval: true, workerData: tempDir(t) })
  const [{ info, threadId }] = await once(worker, 'message')
  assert.deepEqual([info.mode, info.threadId], ['fork', threadId])
  const { strings } = await totals(info.path)
  assert.ok(strings.includes('only the worker has this string'))
  assert.ok(!strings.includes('only the main thread has this string'))
})

forkTest('HEAPWARDEN_FORK=0 turns it off, and says so', async (t) => {
  const dir = tempDir(t)
  const program = `
    const { capabilities, takeSnapshot } = require(${JSON.stringify(root)})
    const dir = ${JSON.stringify(dir)}
    const mode = async (mode) => {
      try { return (await takeSnapshot({ dir, mode, form: 'snapshot' })).mode } catch ({ code, message }) { return { code, message } }
    }
    ;(async () => console.log(JSON.stringify([capabilities.snapshots.fork, await mode('auto'), await mode('fork')])))()`
  const { stdout, stderr } = await node(['-e', program], { env: { HEAPWARDEN_FORK: '0' } })
  const [fork, auto, forced] = JSON.parse(stdout || `"${stderr}"`)
  assert.equal(fork.available, false)
  assert.match(fork.reason, /HEAPWARDEN_FORK=0/)
  assert.equal(auto, 'inline')
  assert.equal(forced.code, 'HEAPWARDEN_UNSUPPORTED')
  assert.match(forced.message, /HEAPWARDEN_FORK=0/)
  assert.equal(fs.readdirSync(dir).length, 1)
  assert.equal(capabilities.snapshots.fork.available, true)
})

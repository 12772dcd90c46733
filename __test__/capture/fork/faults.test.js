'use strict'

// What can go wrong while the child works: an event or an error with its code, in time, and the next capture works.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')
const { takeSnapshot } = require('../../..')
const { ballast, childrenOf, dumpOf, forkTest, goOn, gone, heldDump, hurried, stat } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')
const { monitored } = require('../../support/programs')

const exec = promisify(execFile)
const fails = (code, promise, message = /\S/) => assert.rejects(promise, { name: 'HeapwardenError', code: `HEAPWARDEN_${code}`, message })

/** Sets a limit of a running process, with prlimit(1). */
const limit = (pid, option) => exec('prlimit', [`--pid=${pid}`, option])
const needsPrlimit = { skip: !fs.existsSync('/usr/bin/prlimit') && 'needs prlimit(1)' }

/** No child, no file; and the next capture is as good as any. */
async function asBefore (t, dir) {
  assert.deepEqual(childrenOf(process.pid), [])
  if (dir) assert.deepEqual(fs.readdirSync(dir), [])
  const { mode, attempts } = await hurried(takeSnapshot({ dir: tempDir(t), mode: 'fork' }))
  assert.deepEqual([mode, attempts], ['fork', 1])
}

forkTest('a child that is killed: an error that names the signal, and an event', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const monitor = monitored(t, { snapshots: { dir, mode: 'fork', form: 'snapshot' } })
  const failed = once(monitor, 'snapshotFailed')
  const order = fails('CAPTURE_FAILED', monitor.snapshot({ trigger: 'mine' }), /signal 9/)
  process.kill(await dumpOf(process.pid, t.signal), 'SIGKILL')
  await order
  const [{ code, trigger }] = await failed
  assert.deepEqual([code, trigger], ['HEAPWARDEN_CAPTURE_FAILED', 'mine'])
  await asBefore(t, dir)
})

forkTest('one that crashes is told of too, where the next one fails otherwise', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const order = fails('CAPTURE_FAILED', takeSnapshot({ dir, mode: 'fork', form: 'snapshot' }), /ended by signal 9; a child before it: .* ended by signal 11$/)
  const first = await dumpOf(process.pid, t.signal)
  process.kill(first, 'SIGSEGV')
  await gone(first, t.signal)
  process.kill(await dumpOf(process.pid, t.signal), 'SIGKILL')
  await order
  await asBefore(t, dir)
})

forkTest('a child that stands still is ended at the timeout', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const begun = performance.now()
  const order = fails('TIMEOUT', takeSnapshot({ dir, mode: 'fork', form: 'snapshot', timeout: 4000 }))
  const child = await heldDump(t)
  await order
  const ms = performance.now() - begun
  assert.ok(ms > 3900 && ms < 60_000, `${ms} ms`)
  assert.equal(stat(child), null)
  await asBefore(t, dir)
})

forkTest('an AbortSignal ends the child', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const control = new AbortController()
  const order = fails('ABORTED', takeSnapshot({ dir, mode: 'fork', signal: control.signal }))
  const child = await heldDump(t)
  control.abort()
  await order
  await gone(child, t.signal)
  // The conductor removes the file after it has reaped the child.
  await asBefore(t)
  assert.deepEqual(fs.readdirSync(dir), [])
})

forkTest('a child that crashes is tried again', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const order = hurried(takeSnapshot({ dir, mode: 'fork' }))
  process.kill(await dumpOf(process.pid, t.signal), 'SIGSEGV')
  const info = await order
  assert.deepEqual([info.mode, info.attempts], ['fork', 2])
  assert.deepEqual(fs.readdirSync(dir), [path.basename(info.path)])
})

forkTest('a child without memory: an error that says so', needsPrlimit, async (t) => {
  ballast(t)
  const dir = tempDir(t)
  // No timeout but the default: children of the idle class, on a busy machine.
  let failure
  const over = new AbortController()
  const order = takeSnapshot({ dir, mode: 'fork', form: 'snapshot' })
    .then(() => assert.fail('there is no memory for it'), (error) => { failure = error })
    .finally(() => over.abort())
  const until = { signal: AbortSignal.any([t.signal, over.signal]), after: (end) => t.after(end) }
  // V8 says so itself, or C++ does, and then it is not tried again; or, seldom, V8 uses what it did not get: three times at most.
  for (let attempt = 0; attempt < 3 && !failure; attempt++) {
    const child = await heldDump(until).catch(() => null)
    if (child === null) break
    await limit(child, '--data=1048576')
    goOn(child)
    await gone(child, t.signal)
  }
  await order
  if (failure.code === 'HEAPWARDEN_MEMORY_BUDGET') assert.match(failure.message, /needed more memory than there was/)
  else assert.match(`${failure.code} ${failure.message}`, /CAPTURE_FAILED.* was ended by signal 11$/s)
  await asBefore(t, dir)
})

forkTest('a file that may not grow', needsPrlimit, async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const order = fails('NO_SPACE', takeSnapshot({ dir, mode: 'fork' }))
  const child = await heldDump(t)
  await limit(child, '--fsize=65536')
  goOn(child)
  await order
  await asBefore(t, dir)
})

forkTest('a disk that fills up', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  try {
    await exec('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'heapwarden-test', dir])
  } catch (error) {
    return t.skip(`needs mount(8) and the right to use it: ${error.message}`)
  }
  try {
    await fails('NO_SPACE', takeSnapshot({ dir, mode: 'fork', level: 0, minFreeDisk: 0 }))
    assert.deepEqual(fs.readdirSync(dir), [])
    const { bavail, blocks } = fs.statfsSync(dir)
    assert.equal(bavail, blocks, 'the room is given back')
  } finally {
    await exec('umount', ['-l', dir])
  }
  await asBefore(t)
})

forkTest('a folder that is removed', async (t) => {
  ballast(t)
  const dir = path.join(tempDir(t), 'folder')
  const order = fails('CAPTURE_FAILED', takeSnapshot({ dir, mode: 'fork' }), /removed/)
  const child = await heldDump(t)
  fs.rmSync(dir, { recursive: true })
  goOn(child)
  await order
  assert.ok(!fs.existsSync(dir))
  await asBefore(t)
})

'use strict'

// What can be wrong with an order or with the folder: an error with its code, no file that looks like a snapshot,
// and a process that goes on.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { capabilities, takeSnapshot, watch } = require('../..')
const { tempDir } = require('../support/helpers')
const { appears, isFinal, isUnfinished, monitored, start, vanishes } = require('../support/programs')

const fails = (code, promise, message = /\S/) => assert.rejects(promise, { name: 'HeapwardenError', code: `HEAPWARDEN_${code}`, message })
const isRoot = process.getuid() === 0

/** A file system of `options` at a folder of its own; undefined, and the test skipped, where that is not allowed. */
function mounted (t, options) {
  const dir = tempDir(t)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'heapwarden-test', dir], { stdio: 'pipe' })
  } catch (error) {
    return t.skip(`needs mount(8) and the right to use it: ${error.stderr || error.message}`)
  }
  // Before the folder is removed: hooks run in the order of their making.
  const umount = () => execFileSync('umount', ['-l', dir])
  return { dir, umount }
}

async function onFileSystem (t, options, use) {
  const place = mounted(t, options)
  if (!place) return
  try {
    await use(place.dir)
  } finally {
    place.umount()
  }
}

/** The order fails with `code` and leaves nothing in `dir`; the next one, elsewhere, succeeds. */
async function refused (t, code, options, dir) {
  await fails(code, takeSnapshot(options))
  if (dir) assert.deepEqual(fs.readdirSync(dir), [])
  const info = await takeSnapshot({ dir: tempDir(t) })
  assert.equal(info.complete, true)
}

test('a missing folder is made, private', async (t) => {
  const dir = path.join(tempDir(t), 'new')
  await takeSnapshot({ dir })
  assert.equal(fs.statSync(dir).mode & 0o777, 0o700)
})

test('a folder that cannot be made is an error', (t) => refused(t, 'CAPTURE_FAILED', { dir: '/proc/heapwarden' }))

test('a folder that may not be written to is an error', { skip: !isRoot && 'changes its user, which only root may' }, async (t) => {
  const dir = tempDir(t)
  fs.chmodSync(dir, 0o555)
  process.seteuid(65534)
  try {
    await fails('CAPTURE_FAILED', takeSnapshot({ dir }), /denied/i)
  } finally {
    process.seteuid(0)
  }
  assert.deepEqual(fs.readdirSync(dir), [])
})

test('a file in the folder\'s place is an error', async (t) => {
  const file = path.join(tempDir(t), 'file')
  fs.writeFileSync(file, 'mine')
  await refused(t, 'INVALID_OPTION', { dir: file })
  assert.equal(fs.readFileSync(file, 'utf8'), 'mine')
})

test('a folder that is a symbolic link is an error', async (t) => {
  const real = tempDir(t)
  const link = path.join(tempDir(t), 'link')
  fs.symlinkSync(real, link)
  await refused(t, 'INVALID_OPTION', { dir: link }, real)
})

test('a read-only file system is an error', (t) => onFileSystem(t, 'ro', (dir) => refused(t, 'CAPTURE_FAILED', { dir }, dir)))

test('a disk too small is refused before anything is written', (t) =>
  onFileSystem(t, 'size=2m', (dir) => refused(t, 'NO_SPACE', { dir, level: 0 }, dir)))

test('a disk that fills up while writing is an error, and the room is given back', (t) => onFileSystem(t, 'size=1m', async (dir) => {
  await refused(t, 'NO_SPACE', { dir, level: 0, minFreeDisk: 0 }, dir)
  const { bavail, blocks } = fs.statfsSync(dir)
  assert.equal(bavail, blocks)
}))

test('a folder removed while it is written to is an error', async (t) => {
  const dir = path.join(tempDir(t), 'folder')
  fs.mkdirSync(dir)
  // This thread stands still during the capture: another one sees the file and removes it.
  const remover = new Worker(`
    const fs = require('node:fs')
    const { parentPort, workerData: dir } = require('node:worker_threads')
    const watcher = fs.watch(dir, () => {
      if (fs.readdirSync(dir).length === 0) return
      watcher.close()
      fs.rmSync(dir, { recursive: true })
    })
    parentPort.postMessage('ready')`, { eval: true, workerData: dir })
  await once(remover, 'message')
  const gone = once(remover, 'exit')
  await fails('CAPTURE_FAILED', takeSnapshot({ dir, level: 9 }))
  await gone
  assert.ok(!fs.existsSync(dir))
})

test('an AbortSignal ends it, before the order and while it is written', async (t) => {
  const dir = tempDir(t)
  await fails('ABORTED', takeSnapshot({ dir, signal: AbortSignal.abort() }))
  const control = new AbortController()
  const begun = appears(dir, t.signal, isUnfinished)
  // So slow a level still writes when this thread may speak again.
  const order = takeSnapshot({ dir, level: 12, signal: control.signal })
  const name = await begun
  control.abort()
  await fails('ABORTED', order)
  await vanishes(dir, t.signal, (one) => one === name)
  assert.deepEqual(fs.readdirSync(dir), [])
  assert.equal((await takeSnapshot({ dir })).complete, true)
})

test('a timeout that is too short is an error', async (t) => {
  const dir = tempDir(t)
  await refused(t, 'TIMEOUT', { dir, timeout: '1ms' }, dir)
})

test('a memory budget that is too small is an error', async (t) => {
  const dir = tempDir(t)
  await fails('MEMORY_BUDGET', takeSnapshot({ dir, memoryBudget: '64KiB', form: 'snapshot' }), /allows 64 KiB/)
  await refused(t, 'MEMORY_BUDGET', { dir, memoryBudget: 1, form: 'snapshot' }, dir)
})

test('mode fork, which is not there, says so', { skip: capabilities.snapshots.fork.available && 'it is there' }, (t) =>
  refused(t, 'UNSUPPORTED', { dir: tempDir(t), mode: 'fork' }))

test('a rule\'s snapshot that fails is told, and the rule goes on', async (t) => {
  const monitor = monitored(t, { snapshots: { dir: '/proc/heapwarden' } })
  monitor.on('warning', () => {})
  const failed = once(monitor, 'snapshotFailed')
  monitor.update({ rules: [{ name: 'any', metric: 'rss', above: 1, do: ['snapshot'] }] })
  const [{ code, message, trigger }] = await failed
  assert.equal(code, 'HEAPWARDEN_CAPTURE_FAILED')
  assert.match(message, /\/proc\/heapwarden/)
  assert.equal(trigger, 'rule:any')
  assert.equal(monitor.rules()[0].phase, 'breached')
})

test('two monitors, stopped twice, and orders after the end', async (t) => {
  const dir = tempDir(t)
  const [one, two] = [watch({ interval: 20, snapshots: { dir } }), watch({ interval: 30, snapshots: { dir } })]
  const [first, second] = await Promise.all([one.snapshot(), two.snapshot()])
  assert.equal(first.path, second.path)
  const ending = one.stop()
  assert.equal(one.stop(), ending)
  await ending
  await one.stop()
  await fails('STOPPED', one.snapshot())
  await fails('STOPPED', one.sample())
  assert.throws(() => one.update({ interval: 50 }), { code: 'HEAPWARDEN_STOPPED' })
  assert.ok((await two.sample()).rss > 0, 'the other one goes on')
  const waiting = fails('STOPPED', two.snapshot({ numericValues: true }))
  await Promise.all([waiting, two.stop()])
  assert.equal((await takeSnapshot({ dir })).complete, true)
})

test('kill -9 while writing leaves no snapshot, and the next watch() cleans up', { skip: !capabilities.ownThread.available && 'Node cannot lock files, and leaves them for an hour' }, async (t) => {
  const dir = tempDir(t)
  const { child, ended } = start('snapshot', [dir, 19])
  const name = await appears(dir, t.signal, () => true)
  child.kill('SIGKILL')
  assert.equal((await ended).signal, 'SIGKILL')
  assert.deepEqual(fs.readdirSync(dir), [name])
  assert.ok(!isFinal(name), name)
  monitored(t, { snapshots: { dir } })
  await vanishes(dir, t.signal, () => true)
})

'use strict'

// What an order comes to where a snapshot is not to be had: an image by a forked child, an image in place, or an error with all figures.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { createInterface } = require('node:readline')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')
const { capabilities, takeSnapshot } = require('../..')
const { ballast, dumpOf, forkTest, heldDump, hurried, hurryDumps } = require('../support/forks')
const { node, root, tempDir } = require('../support/helpers')
const { memoryGroup } = require('../support/memory-group')
const { start } = require('../support/programs')

const { available, reason } = capabilities.snapshots.image
const rungs = (name, options, body = options) => forkTest(name, { skip: !available && reason, ...(typeof options === 'object' && options) }, body)

/** It is the only file in `dir`, whole, 0600, and an image. */
function isImage (info, dir, mode) {
  assert.deepEqual([info.form, info.mode, info.nodes, info.complete], ['image', mode, null, true])
  assert.match(info.path, /\.heapimage\.zst$/)
  assert.deepEqual(fs.readdirSync(dir).filter((name) => name !== 'objects'), [path.basename(info.path)])
  assert.equal(fs.statSync(info.path).mode & 0o777, 0o600)
  assert.ok(info.rawBytes > 5e6 && info.bytes < info.rawBytes, `${info.bytes} of ${info.rawBytes} bytes`)
}

rungs('what does not fit a snapshot fits an image by a child, which says why', async (t) => {
  const dir = tempDir(t)
  const info = await hurried(takeSnapshot({ dir, memoryBudget: '16MiB', trigger: 'mine' }))
  isImage(info, dir, 'fork')
  assert.match(info.reason, /a snapshot of .* needs about .* memoryBudget allows 16 MiB/)
  assert.deepEqual([info.trigger, info.pid, info.threadId, info.attempts], ['mine', process.pid, 0, 1])
})

rungs('an image that is asked for is one, and what asks for a snapshot gets none', async (t) => {
  const dir = tempDir(t)
  const info = await hurried(takeSnapshot({ dir, form: 'image' }))
  isImage(info, dir, 'fork')
  assert.equal(info.reason, null)
  const other = tempDir(t)
  await assert.rejects(takeSnapshot({ dir: other, form: 'snapshot', memoryBudget: '16MiB' }), { code: 'HEAPWARDEN_MEMORY_BUDGET' })
  assert.deepEqual(fs.readdirSync(other), [])
})

rungs('a path gets the ending of what is in the file', async (t) => {
  const dir = tempDir(t)
  const info = await hurried(takeSnapshot({ path: path.join(dir, 'a.heapsnapshot'), form: 'image' }))
  assert.equal(info.path, path.join(dir, 'a.heapimage.zst'))
  isImage(info, dir, 'fork')
})

rungs('where no child fits, it is frozen in place, if that is quick; else all figures are told', async (t) => {
  const dir = tempDir(t)
  const info = await takeSnapshot({ dir, memoryBudget: '1MiB', maxPause: '1m' })
  isImage(info, dir, 'inline')
  assert.ok(info.pauseMs > 1, `${info.pauseMs} ms`)
  assert.match(info.reason, /a snapshot of/)
  const other = tempDir(t)
  await assert.rejects(takeSnapshot({ dir: other, memoryBudget: '1MiB', maxPause: 0 }), {
    code: 'HEAPWARDEN_MEMORY_BUDGET',
    message: /a snapshot of .* needs about .*; an image by fork needs about .* memoryBudget allows 1 MiB; an image in place would stop JavaScript for about .*, and maxPause allows 0ms/
  })
  await assert.rejects(takeSnapshot({ dir: other, mode: 'fork', memoryBudget: '1MiB', maxPause: '1m' }), { message: /an image by fork needs/ })
  await assert.rejects(takeSnapshot({ dir: other, form: 'image', memoryBudget: '1MiB', maxPause: 0 }), { code: 'HEAPWARDEN_MEMORY_BUDGET', message: /^an image by fork needs .*maxPause/ })
  assert.deepEqual(fs.readdirSync(other), [])
})

rungs('in place is in place, asked for by name', async (t) => {
  const dir = tempDir(t)
  isImage(await takeSnapshot({ dir, form: 'image', mode: 'inline', maxPause: 0 }), dir, 'inline')
})

rungs('a process that must not fork is frozen in place', async (t) => {
  const dir = tempDir(t)
  const program = `require(${JSON.stringify(root)}).takeSnapshot({ dir: ${JSON.stringify(dir)}, maxPause: '1m' }).then((info) => console.log(JSON.stringify(info)))`
  const { stdout, stderr } = await node(['-e', program], { env: { HEAPWARDEN_FORK: '0' } })
  const info = JSON.parse(stdout || assert.fail(stderr))
  isImage(info, dir, 'inline')
  assert.match(info.reason, /HEAPWARDEN_FORK=0/)
})

rungs('nor does it stop JavaScript for a snapshot where an image would have taken too long', async (t) => {
  const dir = tempDir(t)
  const program = `require(${JSON.stringify(root)}).takeSnapshot({ dir: ${JSON.stringify(dir)}, maxPause: 0 }).catch(({ code, message }) => console.log(code, message))`
  const { stdout } = await node(['-e', program], { env: { HEAPWARDEN_FORK: '0' } })
  assert.match(stdout, /^HEAPWARDEN_UNSUPPORTED .*HEAPWARDEN_FORK=0.*; an image in place would stop JavaScript for about .*, and maxPause allows 0ms/)
  assert.deepEqual(fs.readdirSync(dir), [])
})

rungs('nobody is left an image who turned them off, or asks for masking', async (t) => {
  const dir = tempDir(t)
  const small = { dir, memoryBudget: '16MiB' }
  for (const off of [{ images: false }, { redact: true }, { form: 'snapshot' }]) {
    await assert.rejects(takeSnapshot({ ...small, ...off }), { code: 'HEAPWARDEN_MEMORY_BUDGET' })
  }
  await assert.rejects(takeSnapshot({ dir, form: 'image', redact: true }), { code: 'HEAPWARDEN_UNSUPPORTED', message: /nothing is masked/ })
  await assert.rejects(takeSnapshot({ dir, form: 'image', images: false }), { code: 'HEAPWARDEN_UNSUPPORTED', message: /images: false/ })
  const program = `const { capabilities, takeSnapshot } = require(${JSON.stringify(root)})
    takeSnapshot(${JSON.stringify(small)}).catch(({ code }) => console.log(code, capabilities.snapshots.image.reason))`
  for (const env of [{ HEAPWARDEN_IMAGES: 'off' }, { HEAPWARDEN_IMAGES: 'flase' }, { HEAPWARDEN_REDACT: '1' }]) {
    const { stdout } = await node(['-e', program], { env })
    const [[name, word]] = Object.entries(env)
    assert.match(stdout, new RegExp(`^HEAPWARDEN_MEMORY_BUDGET .*${name}=${word}`))
  }
  assert.deepEqual(fs.readdirSync(dir), [])
})

rungs('a child that is killed leaves an image, by another', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const order = takeSnapshot({ dir })
  process.kill(await dumpOf(process.pid, t.signal), 'SIGKILL')
  const info = await hurried(order)
  isImage(info, dir, 'fork')
  assert.equal(info.attempts, 2)
  assert.match(info.reason, /signal 9/)
})

rungs('one that is killed and may not be followed by a pause is told of, by its own code', async (t) => {
  // As much as takes it a moment to write.
  const kept = crypto.randomBytes(64 * 2 ** 20)
  const dir = tempDir(t)
  const order = takeSnapshot({ dir, form: 'image', maxPause: 0 })
  const failed = assert.rejects(order, {
    code: 'HEAPWARDEN_CAPTURE_FAILED',
    message: /ended by signal 9; an image in place would stop JavaScript for about .*, and maxPause allows 0ms$/
  })
  process.kill(await heldDump(t), 'SIGKILL')
  await failed
  assert.deepEqual([kept.length, fs.readdirSync(dir).filter((name) => name !== 'objects')], [64 * 2 ** 20, []])
})

rungs('one whose time is nearly over does, too', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const over = new AbortController()
  t.after(() => over.abort())
  const order = takeSnapshot({ dir, timeout: '16s' })
  await heldDump(t)
  hurryDumps(process.pid, over.signal)
  const info = await order
  isImage(info, dir, 'fork')
  assert.match(info.reason, /not complete within its timeout/)
  // Of its time a quarter is kept for the image.
  assert.ok(info.durationMs > 11_000, `${info.durationMs} ms`)
})

rungs('who waits for another process is content with an image', async (t) => {
  const dir = tempDir(t)
  const other = start('fork-host', [JSON.stringify({ dir, mode: 'fork', form: 'snapshot' })], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => other.child.kill('SIGKILL'))
  await heldDump(t, other.child.pid)
  const info = await hurried(takeSnapshot({ dir, timeout: '16s' }))
  assert.deepEqual([info.form, info.mode], ['image', 'fork'])
  assert.match(info.reason, /another process is taking a snapshot/)
})

const STILL_MS = 300

/** What is used in the group, once that has not changed for a while: V8 gives back and takes for some time. */
async function settled (place, signal) {
  const usage = () => Number(fs.readFileSync(path.join(place, 'memory.usage_in_bytes'), 'utf8'))
  for (let last = NaN, now = usage(); ; last = now, now = usage()) {
    if (last === now) return now
    await sleep(STILL_MS, undefined, { signal })
  }
}

/** Runs fork-host in a group with a limit of `room` bytes above what it uses; what it says of its order. */
async function withRoom (t, room, options) {
  const dir = tempDir(t)
  const place = memoryGroup(t, 2 ** 40)
  if (!place) return
  const program = path.join(root, '__test__', 'programs', 'fork-host.js')
  // From its first page on.
  const child = spawn('/bin/sh', ['-c', `echo $$ > ${place}/cgroup.procs; exec "$@"`, 'sh', process.execPath, program, JSON.stringify({ dir, go: true, ...options })])
  const ended = new Promise((resolve) => child.once('exit', resolve))
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const said = async () => JSON.parse((await lines.next()).value)
  assert.equal((await said()).type, 'ready')
  const usage = await settled(place, t.signal)
  fs.writeFileSync(path.join(place, 'memory.limit_in_bytes'), String(usage + Math.floor(room(usage))))
  child.stdin.write('go\n')
  const { type, info, message } = await said()
  child.stdin.end()
  assert.equal(await ended, 0)
  assert.match(fs.readFileSync(path.join(place, 'memory.oom_control'), 'utf8'), /oom_kill 0/, 'the kernel had to kill nobody')
  assert.equal(type, 'snapshot', message)
  isImage(info, dir, info.mode)
  return info
}

rungs('in a container with 6 % and 12 MB to spare it is by fork', async (t) => {
  const info = await withRoom(t, (rss) => rss * 0.06 + 12e6, { objects: 200_000 })
  if (info) assert.equal(info.mode, 'fork', info.reason)
})

rungs('with 6 MB it is in place', async (t) => {
  const info = await withRoom(t, () => 6e6, { objects: 100_000, maxPause: '1m' })
  if (info) assert.equal(info.mode, 'inline', info.reason)
})

/** A group of the cpu controller with `cores`, removed after the test; undefined, and the test skipped, where none may be made. */
function cpuGroup (t, cores) {
  const place = `/sys/fs/cgroup/cpu/heapwarden-test-${process.pid}`
  try {
    fs.mkdirSync(place)
    t.after(() => fs.rmdirSync(place))
    fs.writeFileSync(path.join(place, 'cpu.cfs_quota_us'), String(cores * 100_000))
  } catch (error) {
    return t.skip(`needs a quota of the cpu controller: ${error.message}`)
  }
  return place
}

test('where the service uses up its quota of the processor, evidence is there in seconds', { skip: !available && reason }, async (t) => {
  // Little enough to be used up however busy the machine is.
  const place = cpuGroup(t, 0.2)
  if (!place) return
  const dir = tempDir(t)
  const { child, line } = start('fork-host', [JSON.stringify({ dir, go: true, objects: 100_000, busy: true })], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  await line(({ type }) => type === 'ready')
  fs.writeFileSync(path.join(place, 'cgroup.procs'), String(child.pid))
  child.stdin.write('go\n')
  const said = await line(({ type }) => type === 'snapshot' || type === 'failed')
  assert.equal(said.type, 'snapshot', said.message)
  isImage(said.info, dir, said.info.mode)
  assert.match(said.info.reason, /of a processor, and of the 0\.20 that the container may use/)
  t.diagnostic(`${said.ms} ms`)
  const over = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await over
})

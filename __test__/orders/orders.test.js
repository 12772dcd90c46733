'use strict'

// Who waits for whom: no thread of JavaScript for a capture that needs it, and processes for each other.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { capabilities, takeSnapshot } = require('../..')
const { ballast, comm, childrenOf, forkTest, goOn, gone, heldDump, hurried, hurry, letGo, over, stat, until } = require('../support/forks')
const { tempDir } = require('../support/helpers')
const { appears, isFinal, isUnfinished, start, vanishes } = require('../support/programs')

process.env.NODE_HEAPDUMP_OPTIONS = 'nosignal'
const { writeSnapshot } = require('../../lib/heapdump')

const inline = { skip: !capabilities.snapshots.inline.available && capabilities.snapshots.inline.reason }

/** Process `pid` and its captures are ended after the test, however that ends. */
function program (t, name, options) {
  const one = start(name, [JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'], deadline: 100_000 })
  t.after(() => one.child.kill('SIGKILL'))
  one.child.stdin.on('error', () => {})
  return one
}

test('a synchronous capture does not wait for an asynchronous one of its own thread', inline, async (t) => {
  const order = takeSnapshot({ dir: tempDir(t), timeout: '60s' })
  const file = path.join(tempDir(t), 'a.heapsnapshot')
  // Ordered, and perhaps prepared; this thread has not forked, and cannot before it has returned.
  assert.equal(writeSnapshot(file), file)
  assert.ok(fs.statSync(file).size > 0)
  assert.equal((await hurried(order)).attempts, 1)
})

forkTest('nor for one that a child is busy with', async (t) => {
  ballast(t)
  const order = takeSnapshot({ dir: tempDir(t), mode: 'fork', timeout: '60s' })
  const child = await heldDump(t)
  const file = path.join(tempDir(t), 'a.heapsnapshot')
  assert.equal(writeSnapshot(file), file)
  assert.equal(stat(child)?.[0], 'T')
  goOn(child)
  assert.equal((await order).mode, 'fork')
})

forkTest('abort() is answered when the child has ended, and there is no file', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const abort = new AbortController()
  const order = takeSnapshot({ dir, mode: 'fork', signal: abort.signal })
  const child = await heldDump(t)
  abort.abort()
  await assert.rejects(order, { code: 'HEAPWARDEN_ABORTED' })
  assert.equal(stat(child), null, 'it has ended and is reaped')
  assert.deepEqual(fs.readdirSync(dir), [])
})

forkTest('a child that is stopped ends at its deadline, and the answer comes then', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const begun = performance.now()
  const order = assert.rejects(takeSnapshot({ dir, mode: 'fork', form: 'snapshot', timeout: '4s' }), { code: 'HEAPWARDEN_TIMEOUT' })
  const child = await heldDump(t)
  await order
  assert.ok(performance.now() - begun >= 3900)
  await gone(child, t.signal)
  await until(t.signal, () => fs.readdirSync(dir).length === 0)
})

/** A service that takes a snapshot, and the child that takes it, stopped. */
async function heldService (t, dir) {
  const service = program(t, 'turns', { dir, mode: 'fork', objects: 10_000 })
  await service.line(({ type }) => type === 'ready')
  service.child.stdin.write('go\n')
  return { service, child: await heldDump(t, service.child.pid) }
}

forkTest('process.exit() ends the child of a call that nobody can hear of any more', async (t) => {
  const dir = tempDir(t)
  const { service, child } = await heldService(t, dir)
  service.child.stdin.write('exit\n')
  const { status } = await service.ended
  assert.equal(status, 0)
  letGo(child)
  await over(child, t.signal)
  assert.deepEqual(fs.readdirSync(dir), [])
})

forkTest('nor is its file left when the service is gone as soon as its child', async (t) => {
  const dir = tempDir(t)
  const { service, child } = await heldService(t, dir)
  service.child.stdin.write('vanish\n')
  await service.ended
  await over(child, t.signal)
  assert.deepEqual(fs.readdirSync(dir), [])
})

for (const how of ['exit', 'throw', 'abort', 'stop']) {
  forkTest(`a service that ends between the beginning of its file and the fork leaves none (${how})`, async (t) => {
    const dir = path.join(tempDir(t), 'made')
    const { stderr } = await start('leaving', [dir, how]).ended
    // A child that was forked in this very moment ends by itself.
    await until(t.signal, () => !fs.readdirSync(dir).some(isUnfinished))
    assert.equal(/as it were/.test(stderr), how === 'throw')
  })
}

forkTest('a crash loop leaves one child in its folder, however often the service dies', async (t) => {
  const dir = tempDir(t)
  const crash = async () => {
    const service = program(t, 'turns', { dir, mode: 'fork', objects: 10_000 })
    await service.line(({ type }) => type === 'ready')
    service.child.stdin.write('go\n')
    await service.line(({ type }) => type === 'ordered')
    return service
  }
  const first = await crash()
  const orphan = await heldDump(t, first.child.pid)
  first.child.kill('SIGKILL')
  await first.ended
  for (let i = 0; i < 2; i++) {
    const next = await crash()
    // It asks for its turn on a thread of its own, which has no other business.
    await until(t.signal, () => fs.readdirSync(`/proc/${next.child.pid}/task`).some((id) => comm(`${next.child.pid}/task/${id}`) === 'heapwarden-fork'))
    assert.deepEqual(childrenOf(next.child.pid), [])
    next.child.kill('SIGKILL')
    await next.ended
  }
  goOn(orphan)
  await appears(dir, t.signal, isFinal)
  await over(orphan, t.signal)
  assert.equal(fs.readdirSync(dir).length, 1)
})

forkTest('six processes that are told to at once take their snapshots one after the other', { timeout: 120_000 }, async (t) => {
  const dir = tempDir(t)
  const six = Array.from({ length: 6 }, () => program(t, 'turns', { dir, mode: 'fork' }))
  await Promise.all(six.map((one) => one.line(({ type }) => type === 'ready')))
  const pids = six.map((one) => one.child.pid)
  let most = 0
  const looking = new AbortController()
  const look = until(looking.signal, () => {
    const dumps = pids.flatMap((pid) => childrenOf(pid)).filter((pid) => comm(pid) === 'heapwarden-dump' && !'ZX'.includes(stat(pid)?.[0] ?? 'X'))
    dumps.forEach(hurry)
    most = Math.max(most, dumps.length)
    return false
  }).catch(() => {})
  for (const one of six) one.child.stdin.write('go\n')
  const said = await Promise.all(six.map((one) => one.line(({ type }) => type === 'snapshot' || type === 'failed')))
  looking.abort()
  await look
  assert.deepEqual(said.map(({ type, message }) => message ?? type), six.map(() => 'snapshot'))
  assert.ok(most <= 1, `${most} at once`)
  const spans = said.map(({ info }) => info.at + info.durationMs).sort((a, b) => a - b)
  assert.equal(new Set(spans).size, 6)
})

forkTest('a worker at its limit gets its dump while another thread\'s capture is under way', { skip: !capabilities.whileBlocked.available }, async (t) => {
  ballast(t)
  const order = takeSnapshot({ dir: tempDir(t), mode: 'fork' })
  const held = await heldDump(t)
  const dir = tempDir(t)
  const leak = path.join(__dirname, '..', 'programs', 'out-of-memory.js')
  // A small young generation: see heap-limit-worker.test.js.
  const resourceLimits = { maxOldGenerationSizeMb: 40, maxYoungGenerationSizeMb: 2 }
  const worker = new Worker(leak, { argv: ['slow', dir], resourceLimits, stdout: true, stderr: true })
  const [error] = await once(worker, 'error')
  assert.equal(error.code, 'ERR_WORKER_OUT_OF_MEMORY')
  assert.match(fs.readdirSync(dir)[0] ?? '', /-[1-9]\d*-nearheaplimit-/)
  assert.equal(stat(held)?.[0], 'T', 'the other one was under way all the time')
  await hurried(vanishes(dir, t.signal, isUnfinished))
  assert.equal(fs.readdirSync(dir).filter(isFinal).length, 1)
  goOn(held)
  assert.equal((await order).mode, 'fork')
})

const mayChangeUser = { skip: process.getuid() !== 0 && 'changes its user, which only root may' }

for (const level of [0, 1]) {
  forkTest(`a service that changes its user meanwhile: its child, which has not, gives the file its name (level ${level})`, mayChangeUser, async (t) => {
    const dir = tempDir(t)
    const service = program(t, 'turns', { dir, mode: 'fork', level, objects: 10_000 })
    await service.line(({ type }) => type === 'ready')
    service.child.stdin.write('go\n')
    const child = await heldDump(t, service.child.pid)
    service.child.stdin.write('user\n')
    await service.line(({ type }) => type === 'user')
    goOn(child)
    const { info, message } = await service.line(({ type }) => type === 'snapshot' || type === 'failed')
    assert.equal(message, undefined)
    assert.deepEqual(fs.readdirSync(dir), [path.basename(info.path)])
    assert.equal(fs.statSync(info.path).size, info.bytes)
  })
}

test('an inline capture during which the user changes says that, not that permission is denied', { skip: inline.skip || mayChangeUser.skip }, async (t) => {
  const dir = tempDir(t)
  const service = program(t, 'user-changes', { dir, mode: 'inline', level: 15, objects: 5_000 })
  // The thread that is captured stands still from then on; the other one changes the user long before V8 is done.
  await appears(dir, t.signal, isUnfinished)
  // Before its writer is there the file is still being opened, by either user.
  const tasks = `/proc/${service.child.pid}/task`
  await until(t.signal, () => fs.readdirSync(tasks).some((id) => comm(`${service.child.pid}/task/${id}`) === 'heapwarden-zstd'))
  service.child.stdin.write('user\n')
  const { message } = await service.line(({ type }) => type === 'failed' || type === 'snapshot')
  assert.match(message, /changed its user from 0 to 65534 while .* Permission denied/)
})

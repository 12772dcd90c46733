'use strict'

// Limits on memory and processes: the service lives, and hears why there is no snapshot.

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { capabilities, takeSnapshot } = require('../../..')
const { ballast, forkTest, hurried } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')
const { memoryGroup } = require('../../support/memory-group')
const { finish, start } = require('../../support/programs')

forkTest('the heap of now decides, not that of the last capture', async (t) => {
  const dir = tempDir(t)
  await hurried(takeSnapshot({ dir, mode: 'fork' }))
  const heap = process.memoryUsage().heapUsed
  const kept = ballast(t, 100_000)
  const order = takeSnapshot({ dir, mode: 'fork', form: 'snapshot', memoryBudget: heap * 10 })
  // Refused before anything was begun: "needs", not "had taken".
  await assert.rejects(order, { code: 'HEAPWARDEN_MEMORY_BUDGET', message: /needs about/ })
  assert.ok(kept().length > 0)
})

forkTest('a child that takes more than memoryBudget is ended, and the service goes on', async (t) => {
  const dir = tempDir(t)
  const lines = await finish('fork-budget', [dir], { flags: ['--expose-gc', '--max-old-space-size=2000'] })
  const [cheap, refused, dear, small] = lines
  assert.equal(cheap.mode, 'fork', cheap.message)
  assert.equal(dear.code, 'HEAPWARDEN_MEMORY_BUDGET', JSON.stringify(dear))
  // The watcher or the kernel saw it.
  assert.match(dear.message, /had taken .* memoryBudget allows|needed more memory than there was/)
  assert.match(refused.message, /needs about .* memoryBudget allows/)
  assert.equal(small.mode, 'fork', small.message)
  assert.equal(fs.readdirSync(dir).length, 2)
})

/** Nobody else's, so that only this program counts against the limit. */
const UID = 64_321

for (const mode of ['fork', 'auto']) {
  const skip = process.getuid() !== 0 && 'changes its user, which only root may'
  forkTest(`a fork that the kernel refuses, mode ${mode}`, { skip: skip || (!fs.existsSync('/usr/bin/prlimit') && 'needs prlimit(1)') }, async (t) => {
    const dir = tempDir(t)
    fs.chmodSync(dir, 0o777)
    const options = { dir, mode, form: 'snapshot', objects: 0, uid: UID, go: true }
    const { child, line } = start('fork-host', [JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] })
    t.after(() => child.kill('SIGKILL'))
    const { threads } = await line(({ type }) => type === 'ready')
    // Room for the thread that conducts, or inline for the one that writes; none for a process beside it.
    execFileSync('prlimit', [`--pid=${child.pid}`, `--nproc=${threads + 1}`], { uid: UID, gid: UID })
    child.stdin.write('go\n')
    const said = await line(({ type }) => type === 'snapshot' || type === 'failed')
    if (mode === 'auto') return assert.equal(said.info?.mode, 'inline', said.message)
    assert.equal(said.code, 'HEAPWARDEN_CAPTURE_FAILED')
    assert.match(said.message, /the kernel refuses: .*unavailable/)
    assert.deepEqual(fs.readdirSync(dir), [])
  })
}

/** What a program with a heap of 60 MB takes (108 MiB), and half of what would be enough to let its heap grow. */
const ROOM_FOR_ITSELF = 118 << 20

const kills = (place) => Number(/oom_kill (\d+)/.exec(fs.readFileSync(path.join(place, 'memory.oom_control'), 'utf8'))[1])

/** Runs fork-host in a group of `bytes`; what it says of its order, and how the group and the program came out of it. */
async function inGroup (t, bytes, options, env = {}) {
  const dir = tempDir(t)
  const place = memoryGroup(t, bytes)
  if (!place) return
  const { child, line, ended } = start('fork-host', [JSON.stringify({ dir, mode: 'fork', form: 'snapshot', go: true, ...options })], {
    stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }
  })
  t.after(() => child.kill('SIGKILL'))
  fs.writeFileSync(path.join(place, 'cgroup.procs'), String(child.pid))
  await line(({ type }) => type === 'ready')
  child.stdin.write('go\n')
  const said = await line(({ type }) => type === 'snapshot' || type === 'failed')
  child.stdin.end()
  assert.equal((await ended).status, 0)
  assert.equal(kills(place), 0, 'the kernel had to kill nobody')
  return { ...said, files: fs.readdirSync(dir) }
}

for (const mode of ['fork', 'inline']) {
  forkTest(`memoryBudget promises no more than the container has, mode ${mode}`, async (t) => {
    // The heap is 20 MB or so, the program 100.
    const said = await inGroup(t, 250 << 20, { mode, objects: 100_000, memoryBudget: '4GB' })
    if (!said) return
    assert.equal(said.code, 'HEAPWARDEN_MEMORY_BUDGET', said.message)
    assert.match(said.message, /needs about .* the container or the machine has left/)
    assert.deepEqual(said.files, [])
  })
}

forkTest('a child that needs more than was predicted gets no more than the container has room for', async (t) => {
  // An array of many elements: V8 makes a text of a KiB for the number of each. The heap is 12 MB, V8 needs 400.
  const said = await inGroup(t, 340 << 20, { objects: 0, array: 300_000 })
  if (!said) return
  assert.equal(said.code, 'HEAPWARDEN_MEMORY_BUDGET', said.message)
  assert.match(said.message, /needed more memory than there was|memory were left/)
  assert.deepEqual(said.files, [])
})

for (const mode of ['inline', 'auto']) {
  test(`nor does the service itself, mode ${mode}: what may be a long array must fit before it is begun`, async (t) => {
    // As above. V8 asks whether to go on before such an array and after it, not in between.
    const flags = mode === 'auto' ? { HEAPWARDEN_PORTABLE: '1' } : {}
    const said = await inGroup(t, 340 << 20, { mode, objects: 0, array: 300_000, memoryBudget: '4GB' }, flags)
    if (!said) return
    assert.equal(said.code, 'HEAPWARDEN_MEMORY_BUDGET', said.message)
    assert.match(said.message, /up to .* if its .* of large objects are one long array/)
    assert.equal(/collection, for which JavaScript stood still for \d+ ms, did not help/.test(said.message), mode === 'inline' && capabilities.v8.available)
    assert.deepEqual(said.files, [])
  })
}

test('nor does it stand still for a collection where a rule asks', async (t) => {
  const said = await inGroup(t, 340 << 20, { mode: 'inline', objects: 0, array: 300_000, rule: true })
  if (!said) return
  assert.match(said.message, /of large objects are one long array/)
  assert.doesNotMatch(said.message, /collection/)
})

/** A leak up to a heap limit of 60 MB in a group of `bytes`: how it ended; undefined where no group may be made. */
async function leakInGroup (t, bytes, flags = []) {
  const dir = tempDir(t)
  const place = memoryGroup(t, bytes)
  if (!place) return
  const program = path.join(__dirname, '..', '..', 'programs', 'out-of-memory.js')
  const node = [process.execPath, '--max-old-space-size=60', `--diagnostic-dir=${tempDir(t)}`, ...flags, program, 'async', dir]
  // Too late to be in the group from its first page on, were it moved there.
  const child = spawn('/bin/sh', ['-c', `echo $$ > ${place}/cgroup.procs; exec "$@"`, 'sh', ...node], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGTERM',
    env: { ...process.env, NODE_DEBUG_NATIVE: 'diagnostics' }
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text })
  const [, signal] = await once(child, 'close')
  return { stderr, signal, kills: kills(place), files: fs.readdirSync(dir) }
}

/** V8 ended it, with its own words after ours. */
function endedByItself ({ stderr, signal, kills, files }, words) {
  assert.match(stderr, words)
  assert.equal(signal, 'SIGABRT', stderr)
  assert.equal(kills, 0, stderr)
  assert.deepEqual(files, [])
}

forkTest('at the heap limit in a tight container nobody is killed: the dump is refused, and V8 ends the process', async (t) => {
  const end = await leakInGroup(t, 220 << 20)
  if (end) endedByItself(end, /heapwarden: .*no snapshot/)
})

const TOO_LITTLE = /heapwarden: .*no snapshot.* too little to let the heap grow/

forkTest('in a container that is full by then the limit is not raised: the kernel would come before V8', async (t) => {
  const end = await leakInGroup(t, ROOM_FOR_ITSELF)
  if (end) endedByItself(end, TOO_LITTLE)
})

forkTest('in a container that is full by then Node\'s own watch over the limit is asked all the same', async (t) => {
  const end = await leakInGroup(t, ROOM_FOR_ITSELF, ['--heapsnapshot-near-heap-limit=1'])
  if (!end) return
  assert.match(end.stderr, TOO_LITTLE)
  // What it does then is its own affair: it may believe that there is room for a snapshot.
  assert.match(end.stderr, /Invoked \w*NearHeapLimitCallback/)
})

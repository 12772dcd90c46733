'use strict'

// Limits on memory and processes: the service lives, and hears why there is no snapshot.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { takeSnapshot } = require('..')
const { ballast, forkTest, hurried } = require('./forks')
const { tempDir } = require('./helpers')
const { finish, start } = require('./programs')

forkTest('the heap of now decides, not that of the last capture', async (t) => {
  const dir = tempDir(t)
  await hurried(takeSnapshot({ dir, mode: 'fork' }))
  const heap = process.memoryUsage().heapUsed
  const kept = ballast(t, 100_000)
  const order = takeSnapshot({ dir, mode: 'fork', memoryBudget: heap * 10 })
  // Refused before anything was begun: "needs", not "had taken".
  await assert.rejects(order, { code: 'HEAPWARDEN_MEMORY_BUDGET', message: /needs about/ })
  assert.ok(kept().length > 0)
})

forkTest('a child that takes more than memoryBudget is ended, and the service goes on', async (t) => {
  const dir = tempDir(t)
  const lines = await finish('fork-budget', [dir, '100MB'], { flags: ['--expose-gc', '--max-old-space-size=2000'] })
  const [cheap, dear, refused, small] = lines
  assert.equal(cheap.mode, 'fork', cheap.message)
  assert.equal(dear.code, 'HEAPWARDEN_MEMORY_BUDGET', JSON.stringify(dear))
  assert.match(dear.message, /had taken .* memoryBudget allows/)
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
    const options = { dir, mode, objects: 0, uid: UID, go: true }
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

const GROUPS = '/sys/fs/cgroup/memory'

/** A memory group of cgroup v1 with a limit, removed after test `t`; undefined where none may be made. */
function group (t, bytes) {
  const dir = path.join(GROUPS, `heapwarden-test-${process.pid}`)
  try {
    fs.mkdirSync(dir)
  } catch (error) {
    return t.skip(`needs a writable ${GROUPS}: ${error.message}`)
  }
  t.after(() => fs.rmdirSync(dir))
  fs.writeFileSync(path.join(dir, 'memory.limit_in_bytes'), String(bytes))
  return dir
}

forkTest('a container without room for the child loses the child, never the service', async (t) => {
  const dir = tempDir(t)
  // The heap is 20 MB or so, the program 100, the child needs 200 more: it is told that it may.
  const options = { dir, mode: 'fork', objects: 100_000, go: true, memoryBudget: '4GB' }
  const place = group(t, 180 << 20)
  if (!place) return
  const { child, line, ended } = start('fork-host', [JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  fs.writeFileSync(path.join(place, 'cgroup.procs'), String(child.pid))
  await line(({ type }) => type === 'ready')
  child.stdin.write('go\n')
  const said = await line(({ type }) => type === 'snapshot' || type === 'failed')
  // The watcher sees it coming, or the kernel is quicker.
  assert.ok(['HEAPWARDEN_MEMORY_BUDGET', 'HEAPWARDEN_CAPTURE_FAILED'].includes(said.code), JSON.stringify(said))
  assert.match(said.message, /memory were left|signal 9/)
  child.stdin.end()
  assert.equal((await ended).status, 0)
  assert.deepEqual(fs.readdirSync(dir), [])
})

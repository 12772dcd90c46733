'use strict'

// A service that is stopped while its child takes a snapshot: its timeout is about time that it had.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { dumpOf, forkTest, heldDump, over, stat, until } = require('../support/forks')
const { tempDir } = require('../support/helpers')
const { start } = require('../support/programs')

forkTest('a service that stands still past its timeout publishes what its child has finished meanwhile', async (t) => {
  const dir = tempDir(t)
  const timeout = 4_000
  const host = start('fork-host', [JSON.stringify({ dir, mode: 'fork', timeout, objects: 5_000 })], {
    deadline: 60_000, stdio: ['pipe', 'pipe', 'pipe']
  })
  t.after(() => host.child.kill('SIGKILL'))
  const dump = await dumpOf(host.child.pid, t.signal)
  host.child.kill('SIGSTOP')
  await over(dump, t.signal)
  // Its timeout passes, and more than a busy machine would explain.
  await sleep(timeout + 500)
  host.child.kill('SIGCONT')
  const { info } = await host.line(({ type }) => type === 'snapshot' || type === 'failed')
  assert.ok(info, JSON.stringify(host.lines))
  assert.deepEqual(fs.readdirSync(dir).length, 1)
})

const FREEZER = '/sys/fs/cgroup/freezer'

forkTest('a service and its child that are frozen together past the timeout take the snapshot when they are thawed', async (t) => {
  const group = path.join(FREEZER, `heapwarden-capture-${process.pid}`)
  try {
    fs.mkdirSync(group)
  } catch (error) {
    return t.skip(`needs a writable ${FREEZER}: ${error.message}`)
  }
  const [state, procs] = ['freezer.state', 'cgroup.procs'].map((name) => path.join(group, name))
  const dir = tempDir(t)
  const timeout = 6_000
  const host = start('fork-host', [JSON.stringify({ dir, mode: 'fork', timeout, objects: 20_000, go: true })], {
    deadline: 60_000, stdio: ['pipe', 'pipe', 'pipe']
  })
  t.after(async () => {
    fs.writeFileSync(state, 'THAWED')
    host.child.kill('SIGKILL')
    await host.ended
    // A child that was left alone ends by itself.
    await until(AbortSignal.timeout(30_000), () => fs.readFileSync(procs, 'utf8') === '')
    fs.rmdirSync(group)
  })
  fs.writeFileSync(procs, String(host.child.pid))
  await host.line(({ type }) => type === 'ready')
  host.child.stdin.write('go\n')
  const dump = await dumpOf(host.child.pid, t.signal)
  fs.writeFileSync(state, 'FROZEN')
  assert.ok(!'ZX'.includes(stat(dump)?.[0] ?? 'X'), 'the capture was over before it could be frozen: its heap is too small')
  // Its timeout passes, and what its child has beyond that.
  await sleep(timeout + 3_500)
  fs.writeFileSync(state, 'THAWED')
  const said = await host.line(({ type }) => type === 'snapshot' || type === 'failed')
  assert.equal(said.info?.attempts, 1, said.message)
})

forkTest('a child that is stopped and whose service is gone goes on when its time is over, and finishes', async (t) => {
  const dir = tempDir(t)
  const host = start('fork-host', [JSON.stringify({ dir, mode: 'fork', timeout: 15_000, objects: 5_000 })], {
    deadline: 60_000, stdio: ['pipe', 'pipe', 'pipe']
  })
  t.after(() => host.child.kill('SIGKILL'))
  const dump = await heldDump(t, host.child.pid)
  host.child.kill('SIGKILL')
  await host.ended
  // Nobody tells it to: its own timer does.
  await over(dump, t.signal)
  assert.match(fs.readdirSync(dir).join(), /^[^,]+\.heapsnapshot\.zst$/)
})

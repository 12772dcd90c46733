'use strict'

// An orphan that ends without a file: where the service's stderr is a pipe that somebody still reads, it says why there.
// It has not kept the pipe open for that.

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { createInterface } = require('node:readline')
const { forkTest, goOn, heldDump, over } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')

const program = path.join(__dirname, '..', '..', 'programs', 'turns.js')
const { O_NONBLOCK, O_RDONLY } = fs.constants
const BEGIN = 'heapwarden: the snapshot that was being written when its process ended failed: '

/** An orphan that is held still, its folder, and `read()` → what is in the pipe, null when nobody has it open. */
async function orphan (t, options) {
  const dir = tempDir(t)
  const pipe = path.join(tempDir(t), 'stderr')
  execFileSync('mkfifo', [pipe])
  const reader = fs.openSync(pipe, O_RDONLY | O_NONBLOCK)
  t.after(() => fs.closeSync(reader))
  const writer = fs.openSync(pipe, 'w')
  const service = spawn(process.execPath, [program, JSON.stringify({ dir, mode: 'fork', objects: 10_000, ...options })], {
    stdio: ['pipe', 'pipe', writer], timeout: 100_000, killSignal: 'SIGKILL'
  })
  fs.closeSync(writer)
  t.after(() => service.kill('SIGKILL'))
  await once(createInterface({ input: service.stdout }), 'line')
  service.stdin.write('go\n')
  const dump = await heldDump(t, service.pid)
  service.kill('SIGKILL')
  await once(service, 'exit')
  const bytes = Buffer.alloc(1 << 16)
  const read = () => bytes.toString('utf8', 0, fs.readSync(reader, bytes)) || null
  // For one that has it open this would fail: EAGAIN.
  assert.equal(read(), null)
  return { dir, dump, read }
}

/** It goes on, and ends. The line it has left. */
async function lastLine (t, { dir, dump, read }) {
  goOn(dump)
  await over(dump, t.signal)
  assert.deepEqual(fs.readdirSync(dir), [])
  const said = read()
  assert.ok(said?.startsWith(BEGIN) && said.indexOf('\n') === said.length - 1, `${said}`)
  return said.slice(BEGIN.length)
}

const limit = ({ dump }, what) => execFileSync('prlimit', [`--pid=${dump}`, what])

forkTest('an orphan that may not write so much says so', async (t) => {
  const one = await orphan(t)
  limit(one, '--fsize=65536')
  assert.match(await lastLine(t, one), /File too large/)
})

forkTest('one that gets no more memory says so', async (t) => {
  const one = await orphan(t)
  limit(one, '--data=1048576')
  assert.match(await lastLine(t, one), /memory|crashed/)
})

forkTest('one whose time is over says so', async (t) => {
  const group = `/sys/fs/cgroup/cpu/heapwarden-test-${process.pid}`
  try {
    fs.mkdirSync(group)
    // So little of a processor that it cannot be done in time.
    fs.writeFileSync(`${group}/cpu.cfs_quota_us`, '1000')
  } catch (error) {
    return t.skip(`needs the right to make a group of the first kind: ${error.message}`)
  }
  t.after(() => fs.rmdirSync(group))
  const one = await orphan(t, { timeout: '3s' })
  fs.writeFileSync(`${group}/cgroup.procs`, String(one.dump))
  assert.match(await lastLine(t, one), /its time was over/)
})

forkTest('one that crashes takes its file along, though its folder was moved', async (t) => {
  const one = await orphan(t)
  const dir = `${one.dir}-moved`
  fs.renameSync(one.dir, dir)
  t.after(() => fs.rmSync(dir, { recursive: true }))
  process.kill(one.dump, 'SIGSEGV')
  assert.match(await lastLine(t, { ...one, dir }), /it crashed/)
})

'use strict'

// The forked child cannot hurt the service it was copied from.

const assert = require('node:assert/strict')
const childProcess = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')
const { takeSnapshot } = require('../../..')
const { ballast, childrenOf, forkTest, goOn, gone, heldDump, stat } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')

const exec = promisify(childProcess.exec)

/** `man 2 sched_setscheduler` */
const SCHED_IDLE = 5
/** `man 2 open` */
const O_PATH = 0o10000000
/** Fields of /proc/PID/stat behind the name, counted from the state. */
const [NICE, SESSION, POLICY] = [16, 3, 38]

/** A capture whose child stands still while `meanwhile` runs, and which then ends well. */
async function during (t, meanwhile) {
  const dir = tempDir(t)
  ballast(t)
  const order = takeSnapshot({ dir, mode: 'fork' })
  // Where `meanwhile` fails its error is the one to be told.
  order.catch(() => {})
  const child = await heldDump(t)
  await meanwhile(child, dir)
  goOn(child)
  const info = await order
  assert.deepEqual([info.mode, info.attempts], ['fork', 1])
  assert.equal(stat(child), null, 'it was reaped')
}

forkTest('it is the first the kernel would end, and the last it would run', (t) => during(t, (child) => {
  const text = (name) => fs.readFileSync(`/proc/${child}/${name}`, 'utf8').trim()
  const autogroup = fs.existsSync(`/proc/${child}/autogroup`) && text('autogroup')
  assert.equal(text('oom_score_adj'), '1000')
  assert.equal(text('comm'), 'heapwarden-dump')
  const fields = stat(child).map(Number)
  assert.equal(fields[NICE], 19)
  assert.equal(fields[POLICY], SCHED_IDLE)
  // Only there where the kernel groups processes by session.
  if (autogroup) assert.match(autogroup, / nice 19$/m)
  assert.equal(fields[SESSION], child, "a terminal's Ctrl-C is not for it")
  assert.match(text('limits'), /^Max core file size +0 +0 /m)
  // No handler of the service's may run in it. What is left: the alarm that ends an orphan which hangs, the removal of
  // its file when it crashes, and the C library's own, 32 and 33.
  const [, caught] = /^SigCgt:\s+(\S+)$/m.exec(text('status'))
  const { SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP } = os.constants.signals
  const ours = [SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, 32, 33]
  const others = ours.reduce((mask, signal) => mask & ~(1n << BigInt(signal - 1)), BigInt(`0x${caught}`))
  assert.equal(others, 0n, caught)
  assert.match(text('status'), /^SigBlk:\s+0+$/m)
}))

forkTest('it has no descriptor but its file, its folder and its own stderr', async (t) => {
  const server = net.createServer().listen(0)
  await once(server, 'listening')
  t.after(() => server.close())
  await during(t, (child, dir) => {
    const open = fs.readdirSync(`/proc/${child}/fd`).map(Number).sort((a, b) => a - b)
    const targets = open.map((fd) => [fd, fs.readlinkSync(`/proc/${child}/fd/${fd}`)])
    // A path of a pipe or terminal is not the thing itself: nobody waits for its end.
    const isPath = (fd) => parseInt(/^flags:\s+(\d+)$/m.exec(fs.readFileSync(`/proc/${child}/fdinfo/${fd}`, 'utf8'))[1], 8) & O_PATH
    const other = targets.filter(([fd, to]) => fd > 2 && !isPath(fd) && to !== '/dev/null' && to !== dir && !to.startsWith(`${dir}/`))
    assert.deepEqual(other, [])
    const [stdin, stdout, stderr] = targets.map(([, to]) => to)
    assert.deepEqual([stdin, stdout], ['/dev/null', '/dev/null'])
    assert.match(stderr, /^pipe:/)
    assert.notEqual(stderr, fs.readlinkSync('/proc/self/fd/2'))
  })
})

forkTest('a connection that the server closes meanwhile is closed for its client at once', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const client = net.connect(server.address().port, '127.0.0.1')
  const [socket] = await once(server, 'connection')
  client.resume()
  await during(t, async () => {
    const closed = once(client, 'close', { signal: t.signal })
    // Not end(): that tells the other side whoever else holds the descriptor.
    socket.destroy()
    await closed
  })
})

forkTest("the application's own child processes are none of its business, nor it of theirs", async (t) => {
  await during(t, async (child) => {
    assert.equal((await exec('echo hello')).stdout, 'hello\n')
    await assert.rejects(exec('exit 5'), { code: 5 })
    assert.equal(childProcess.spawnSync('sh', ['-c', 'exit 6']).status, 6)
    const forked = childProcess.fork(path.join(__dirname, '..', '..', 'programs', 'exit.js'))
    forked.send(7)
    assert.deepEqual(await once(forked, 'exit'), [7, null])
    // Many that end together share one SIGCHLD.
    const many = Array.from({ length: 30 }, (_, code) => once(childProcess.spawn('sh', ['-c', `exit ${code}`]), 'exit'))
    assert.deepEqual((await Promise.all(many)).map(([code]) => code), Array.from({ length: 30 }, (_, code) => code))
    const killed = childProcess.spawn('sleep', ['60'])
    killed.kill('SIGTERM')
    assert.deepEqual(await once(killed, 'exit'), [null, 'SIGTERM'])
    assert.deepEqual(childrenOf(process.pid), [child])
  })
  assert.deepEqual(childrenOf(process.pid), [])
})

forkTest('children that end while it ends are told of too', async (t) => {
  ballast(t)
  const order = takeSnapshot({ dir: tempDir(t), mode: 'fork', form: 'snapshot' })
  const child = await heldDump(t)
  const exits = Array.from({ length: 20 }, () => once(childProcess.spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] }), 'spawn', { signal: t.signal }))
  await Promise.all(exits)
  const cats = childrenOf(process.pid).filter((pid) => pid !== child)
  assert.equal(cats.length, 20)
  process.kill(child, 'SIGKILL')
  for (const pid of cats) process.kill(pid, 'SIGKILL')
  await assert.rejects(order, { code: 'HEAPWARDEN_CAPTURE_FAILED' })
  for (const pid of [child, ...cats]) await gone(pid, t.signal)
})

'use strict'

// The service dies, ends or gives up while its child takes a snapshot.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { Worker } = require('node:worker_threads')
const { takeSnapshot, watch } = require('../../..')
const { ballast, forkTest, goOn, gone, heldDump, letGo, hurried, over, stat, totals, until } = require('../../support/forks')
const { root, tempDir } = require('../../support/helpers')
const { appears, isFinal, start } = require('../../support/programs')

/** A program in the middle of a capture, its child held still. Of a smaller heap it could be done before it is held. */
async function host (t, options) {
  const dir = tempDir(t)
  const program = start('fork-host', [JSON.stringify({ dir, mode: 'fork', objects: 60_000, ...options })], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => program.child.kill('SIGKILL'))
  const { port } = await program.line(({ type }) => type === 'ready')
  const dump = await heldDump(t, program.child.pid)
  assert.deepEqual(fs.readdirSync(dir).filter(isFinal), [], 'the file had its name before the child could be held')
  return { ...program, dir, dump, port }
}

/** The orphan goes on, and the file in `dir` gets its name. */
async function outlives (service, t) {
  assert.deepEqual(fs.readdirSync(service.dir).filter(isFinal), [])
  goOn(service.dump)
  await names(service, t)
}

/** The orphan gives the file its name, and ends. */
async function names ({ dir, dump }, t) {
  const name = await appears(dir, t.signal, isFinal)
  const { nodes } = await totals(path.join(dir, name))
  assert.ok(nodes > 30_000)
  await over(dump, t.signal)
  assert.deepEqual(fs.readdirSync(dir), [name])
}

forkTest('SIGKILL: the port is free at once, and the child finishes alone', async (t) => {
  const service = await host(t, { serve: true })
  service.child.kill('SIGKILL')
  await service.ended
  const successor = net.createServer().listen(service.port, '127.0.0.1')
  t.after(() => successor.close())
  await once(successor, 'listening')
  await outlives(service, t)
})

/** `man 2 clock_nanosleep` */
const NANOSLEEP = process.arch === 'arm64' ? '115 ' : '230 '

forkTest('SIGKILL when the child has done its work, and before the file has its name', async (t) => {
  const service = await host(t)
  service.child.kill('SIGSTOP')
  goOn(service.dump)
  // A zombie is in no system call: the number is −1.
  const waits = () => fs.readFileSync(`/proc/${service.dump}/syscall`, 'utf8').startsWith(NANOSLEEP) || stat(service.dump)[0] === 'Z'
  await until(t.signal, waits)
  assert.deepEqual(fs.readdirSync(service.dir).filter(isFinal), [])
  service.child.kill('SIGKILL')
  await service.ended
  await names(service, t)
})

forkTest('process.exit() does not wait for the child; one that only a call waited for ends too', async (t) => {
  const service = await host(t)
  service.child.stdin.write('exit\n')
  const { status, stderr } = await service.ended
  assert.deepEqual([status, stderr], [7, ''])
  letGo(service.dump)
  await over(service.dump, t.signal)
  assert.deepEqual(fs.readdirSync(service.dir), [])
})

forkTest('SIGKILL for both: nothing under a final name, and the next capture clears up', async (t) => {
  const service = await host(t)
  service.child.kill('SIGKILL')
  await service.ended
  process.kill(service.dump, 'SIGKILL')
  await over(service.dump, t.signal)
  const left = fs.readdirSync(service.dir)
  assert.deepEqual(left.filter(isFinal), [])
  const info = await hurried(takeSnapshot({ dir: service.dir }))
  assert.deepEqual(fs.readdirSync(service.dir), [path.basename(info.path)])
})

forkTest('SIGKILL, and a child that crashes: nothing is left', async (t) => {
  const service = await host(t)
  service.child.kill('SIGKILL')
  await service.ended
  process.kill(service.dump, 'SIGSEGV')
  goOn(service.dump)
  await over(service.dump, t.signal)
  assert.deepEqual(fs.readdirSync(service.dir), [])
})

forkTest('a monitor that is stopped meanwhile says so, and the queue is free afterwards', async (t) => {
  ballast(t)
  const dir = tempDir(t)
  const monitor = watch({ rules: [], snapshots: { dir, mode: 'fork' } })
  const order = assert.rejects(monitor.snapshot(), { code: 'HEAPWARDEN_STOPPED' })
  const child = await heldDump(t)
  await monitor.stop()
  await order
  await gone(child, t.signal)
  const next = await hurried(takeSnapshot({ dir: tempDir(t), mode: 'fork' }))
  assert.equal(next.mode, 'fork')
  // Removed by the service when it has seen that the child is gone.
  await until(t.signal, () => fs.readdirSync(dir).length === 0)
})

forkTest('a worker that is terminated meanwhile ends at once; its child ends and is reaped', async (t) => {
  const dir = tempDir(t)
  const worker = new Worker(`
    global.kept = Array.from({ length: 30_000 }, (_, i) => ({ i, list: [i] }))
    require(${JSON.stringify(root)}).takeSnapshot({ dir: ${JSON.stringify(dir)}, mode: 'fork' })
  `, { eval: true })
  const child = await heldDump(t)
  await worker.terminate()
  await gone(child, t.signal)
  assert.deepEqual((await hurried(takeSnapshot({ dir: tempDir(t), mode: 'fork' }))).mode, 'fork')
  // Either is right; a piece of a file is not.
  const names = fs.readdirSync(dir)
  for (const name of names) {
    assert.ok(isFinal(name), name)
    await totals(path.join(dir, name))
  }
})

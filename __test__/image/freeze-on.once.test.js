'use strict'

// `freezeOn` where the process is the first of its container, was started with a preload, is told of it in a worker thread.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { list } = require('../../lib/monitor/snapshots')
const { asFirst, noNamespace } = require('../support/first-process')
const { root, run, tempDir } = require('../support/helpers')
const { appears } = require('../support/programs')
const { isFile, options } = require('../support/stuck')

const register = path.join(root, 'lib', 'register.js')

/** Starts `code` with the preload; resolves when it has said that it is up. */
async function started (t, dir, code, through = []) {
  const [command, ...args] = [...through, process.execPath, '--require', register, '-e', `${code}; console.log('up'); setInterval(() => {}, 1000)`]
  const child = spawn(command, args, {
    env: { ...process.env, HEAPWARDEN_FREEZE_ON: 'SIGTERM,SIGINT', HEAPWARDEN_DIR: dir }, stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000, killSignal: 'SIGKILL'
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

/** The program's own process, below those that started it. */
function programOf (pid) {
  const [below] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return below ? programOf(below) : Number(pid)
}

test('told by variables, at each signal of those named', options, async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const dir = tempDir(t)
    const child = await started(t, dir, '')
    child.kill(signal)
    assert.deepEqual(await once(child, 'exit'), [null, signal])
    assert.deepEqual((await list(dir)).map(({ trigger, form }) => [trigger, form]), [[signal, 'image']])
  }
})

test('the first process of a container leaves its image before it ends by its own listener', { skip: options.skip || noNamespace }, async (t) => {
  const dir = tempDir(t)
  const child = await started(t, dir, "process.on('SIGTERM', () => process.exit(5))", asFirst)
  process.kill(programOf(child.pid), 'SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [5, null])
  const [image] = await list(dir)
  assert.deepEqual([image.complete, image.pid], [true, 1])
})

test('where nobody listens it lives on, as ever, and has left its image', { skip: options.skip || noNamespace }, async (t) => {
  const dir = tempDir(t)
  const child = await started(t, dir, "setInterval(() => console.log('on'), 20)", asFirst)
  const program = programOf(child.pid)
  process.kill(program, 'SIGTERM')
  await appears(dir, t.signal, isFile)
  // One more meets the kernel, which keeps it from the first process.
  process.kill(program, 'SIGTERM')
  for (let words = 0; words < 3; words++) await once(child.stdout, 'data', { signal: t.signal })
  process.kill(program, 'SIGKILL')
  await once(child, 'exit')
})

test("in a worker thread it is told that signals are the main thread's", async () => {
  const { stderr, status } = await run(process.execPath, ['-e', `
    const { Worker } = require('node:worker_threads')
    new Worker(\`const { watch } = require(${JSON.stringify(root)}); watch({ freezeOn: ['SIGTERM'] }).stop()\`, { eval: true })
  `])
  assert.equal(status, 0)
  assert.match(stderr, /freezeOn: SIGTERM: signals reach the main thread only/)
})

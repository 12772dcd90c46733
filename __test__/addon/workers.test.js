'use strict'

// Worker threads that load the addon, watch, and end: by themselves, by process.exit(), from outside at any moment.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { capabilities, takeSnapshot } = require('../..')
const { tempDir } = require('../support/helpers')
const { finish, monitored } = require('../support/programs')

const WIDTH = 3
/**
 * glibc's arenas make the process's memory go up and down by as much, with or without us. One leaked isolate has 4 MB.
 * node:v8, the portable path, keeps a whole snapshot in memory, and some of it when its worker ends meanwhile.
 */
const NOISE = capabilities.v8.available ? 100e6 : 400e6

/** Runs `count` workers and checks that nothing of them is left. Returns how many ended with which code. */
async function run (t, kind, count, loads = 'main') {
  const [early, last, { ends }] = await finish('workers', [kind, count, WIDTH, tempDir(t), loads])
  assert.equal(Object.values(ends).reduce((sum, one) => sum + one), count)
  for (const what of ['threads', 'descriptors']) assert.ok(last[what] <= early[what], `${what}: ${early[what]} → ${last[what]}`)
  assert.equal(last.heapwarden, 0, 'threads of ours')
  assert.ok(last.rss - early.rss < NOISE, `rss grew by ${last.rss - early.rss} in ${count * 3 / 4} workers`)
  assert.ok(last.heapUsed - early.heapUsed < 2e6, `main keeps ${last.heapUsed - early.heapUsed}`)
  return ends
}

test('workers that come to their end', async (t) => {
  assert.deepEqual(await run(t, 'natural', 60), { 0: 60 })
})

test('workers that stop their monitor', async (t) => {
  assert.deepEqual(await run(t, 'stopped', 40), { 0: 40 })
})

test('workers that call process.exit()', async (t) => {
  const ends = await run(t, 'exit', 40)
  assert.equal(ends[1], 1, JSON.stringify(ends))
  assert.equal(Object.keys(ends).length, 40, 'each with its own status')
})

test('workers that are terminated at any moment', async (t) => {
  await run(t, 'terminated', 60)
})

test('workers of a process whose main thread never loads the addon', async (t) => {
  assert.deepEqual(await run(t, 'natural', 20, 'nobody'), { 0: 20 })
  await run(t, 'terminated', 20, 'nobody')
})

test('a worker\'s monitor has the figures of its own heap', async (t) => {
  const monitor = monitored(t)
  const worker = new Worker(`
    const { parentPort, workerData } = require('node:worker_threads')
    const { watch } = require(workerData)
    const kept = Array.from({ length: 300_000 }, (_, i) => ({ i }))
    const monitor = watch({ interval: 20, rules: [] })
    monitor.sample().then((sample) => {
      parentPort.postMessage({ sample, own: process.memoryUsage(), kept: kept.length })
    })`, { eval: true, workerData: require.resolve('../..'), resourceLimits: { maxOldGenerationSizeMb: 100 } })
  const { sample, own } = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
  const ours = await monitor.sample()
  assert.ok(Math.abs(sample.heapUsed - own.heapUsed) < 4e6, `${sample.heapUsed}, Node says ${own.heapUsed}`)
  assert.ok(sample.heapLimit < ours.heapLimit, 'its own limit')
  // What the kernel tells is the process's.
  assert.ok(Math.abs(sample.rss - ours.rss) < ours.rss / 2)
})

test('a snapshot of a worker is of its heap, while main takes its own', async (t) => {
  const dir = tempDir(t)
  const worker = new Worker(`
    const { parentPort, workerData: { main, dir } } = require('node:worker_threads')
    require(main).takeSnapshot({ dir }).then((info) => parentPort.postMessage(info))`,
  { eval: true, workerData: { main: require.resolve('../..'), dir } })
  const [info, own] = await Promise.all([
    new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject)),
    takeSnapshot({ dir })
  ])
  assert.equal(info.threadId, worker.threadId === -1 ? info.threadId : worker.threadId)
  assert.equal(own.threadId, 0)
  assert.notEqual(info.path, own.path)
})

'use strict'

// Four worker threads that fill their heaps as fast as they can, each watched: node workers-at-limit.js DIR. Says how each of them ended.

const { Worker, isMainThread, workerData } = require('node:worker_threads')
const { watch } = require('../..')

const COUNT = 4
const dir = isMainThread ? process.argv[2] : workerData

watch({ rules: [], snapshots: { dir } })
if (isMainThread) {
  let left = COUNT
  for (let i = 0; i < COUNT; i++) {
    const worker = new Worker(__filename, { workerData: dir, resourceLimits: { maxOldGenerationSizeMb: 40 } })
    worker.on('error', ({ code }) => console.log(JSON.stringify({ code })))
    worker.on('exit', () => { if (--left === 0) process.exit() })
  }
} else {
  const kept = globalThis.kept = []
  for (;;) for (let i = 0; i < 1000; i++) kept.push({ i })
}

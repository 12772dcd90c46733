'use strict'

// Leaks until the heap is full, saying heapUsedRatio at each sample. Arguments: bytes a turn, 'main' or MiB for a worker.

const fs = require('node:fs')
const { Worker, isMainThread, workerData } = require('node:worker_threads')
const { watch } = require('../..')

const [, , bytes, where] = process.argv
if (isMainThread && where !== 'main') {
  const worker = new Worker(__filename, { argv: [bytes, where], workerData: true, resourceLimits: { maxOldGenerationSizeMb: Number(where) } })
  worker.on('error', ({ code }) => process.exit(code === 'ERR_WORKER_OUT_OF_MEMORY' ? 3 : 4))
} else {
  watch({ interval: 10, rules: [], nearHeapLimit: false }).on('sample', ({ heapUsedRatio, heapUsed, heapLimit }) => {
    // Not console.log: the process is about to end without flushing it.
    fs.writeSync(1, `${JSON.stringify({ heapUsedRatio, heapUsed, heapLimit, worker: workerData === true })}\n`)
  })
  // A list and not an array: growing that takes half of itself at once, and the end would come as early.
  let leaked = null
  const leak = () => {
    for (let i = 0; i < bytes / 64; i++) leaked = { i, more: [i], leaked }
    // Slow enough for samples to keep up: each is heard between two turns.
    setTimeout(leak, 1)
  }
  leak()
}

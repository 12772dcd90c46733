'use strict'

// Snapshots of a worker's heap, one after the other, while the main thread allocates all the time. Says of each how many
// attempts it took.

const { Worker } = require('node:worker_threads')
const { takeSnapshot } = require('../..')

const [dir, count] = process.argv.slice(2)

/** Objects of C++ and of JavaScript: both allocators' locks are taken. */
function churn () {
  const kept = []
  for (let i = 0; i < 2_000; i++) {
    kept.push({ i, list: [i], buffer: new Uint8Array(256), controller: i % 10 === 0 ? new AbortController() : null })
    if (i % 100 === 0) kept.push(new MessageChannel().port1.close(), new TextDecoder())
  }
  setImmediate(churn)
}

async function inWorker () {
  const { parentPort, workerData } = require('node:worker_threads')
  for (let i = 0; i < workerData.count; i++) {
    const took = await takeSnapshot({ dir: workerData.dir, mode: 'fork', keep: { count: 1 } }).catch(({ code, message }) => ({ code, message }))
    parentPort.postMessage(took)
  }
}

if (require('node:worker_threads').isMainThread) {
  const worker = new Worker(__filename, { workerData: { dir, count: Number(count) } })
  worker.on('message', ({ attempts, code, message, pauseMs }) => console.log(JSON.stringify({ attempts, code, message, pauseMs })))
  worker.on('exit', (code) => process.exit(code))
  churn()
} else {
  inWorker()
}

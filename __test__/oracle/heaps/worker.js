'use strict'

// The heap of a worker thread, seen from outside.

const { once } = require('node:events')
const { Worker, isMainThread, parentPort } = require('node:worker_threads')

if (isMainThread) {
  exports.hold = async () => {
    const worker = new Worker(__filename)
    await once(worker, 'message')
    return worker
  }

  exports.stream = (options, worker) => worker.getHeapSnapshot(options)
} else {
  const jobs = Array.from({ length: 2000 }, (_, id) => ({ id, done: false, run: () => id, text: `job ${id}` }))
  parentPort.on('message', () => jobs.pop())
  parentPort.postMessage('ready')
}

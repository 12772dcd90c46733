'use strict'

// A worker thread takes an inline snapshot, and when told "user" on stdin the main thread, which does not stand still for
// it, makes the process another user. node user-changes.js '{snapshot options, "objects": N}'

const { createInterface } = require('node:readline')
const { Worker, isMainThread, workerData, parentPort } = require('node:worker_threads')
const { takeSnapshot } = require('../..')

async function order () {
  const { objects, ...options } = workerData
  global.kept = Array.from({ length: objects }, (_, i) => ({ i, list: [i] }))
  try {
    parentPort.postMessage({ type: 'snapshot', info: await takeSnapshot(options) })
  } catch ({ code, message }) {
    parentPort.postMessage({ type: 'failed', code, message })
  }
}

function user () {
  process.setgid(65_534)
  process.setuid(65_534)
}

if (isMainThread) {
  new Worker(__filename, { workerData: JSON.parse(process.argv[2]) }).on('message', (said) => console.log(JSON.stringify(said)))
  createInterface({ input: process.stdin }).on('line', user).on('close', () => process.exit(0))
} else {
  order()
}

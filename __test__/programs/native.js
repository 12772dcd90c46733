'use strict'

// How `native` takes a worker's heap and Buffers, and a SharedArrayBuffer.

const { once } = require('node:events')
const { Worker, isMainThread, parentPort } = require('node:worker_threads')
const { watch } = require('../..')

const MB = 1e6
const monitor = watch({ interval: 50, rules: [], nearHeapLimit: false })
const kept = []

async function main () {
  const alive = setInterval(() => {}, 60_000)
  const look = async () => {
    // Two, so that the worker's own monitor has looked since.
    await once(monitor, 'sample')
    const [{ native, anonymous }] = await once(monitor, 'sample')
    return { native, anonymous }
  }
  const say = async (type) => console.log(JSON.stringify({ type, ...await look() }))
  const worker = new Worker(__filename)
  await once(worker, 'message')
  await say('before')
  worker.postMessage('fill')
  await once(worker, 'message')
  await say('worker')
  kept.push(new Uint8Array(new SharedArrayBuffer(60 * MB)).fill(1))
  await say('shared')
  await worker.terminate()
  await monitor.stop()
  clearInterval(alive)
}

if (isMainThread) {
  main()
} else {
  parentPort.on('message', async () => {
    kept.push(Buffer.alloc(50 * MB, 1), Array.from({ length: 400_000 }, (_, i) => ({ i, more: [i] })))
    await once(monitor, 'sample')
    await once(monitor, 'sample')
    parentPort.postMessage('filled')
  })
  once(monitor, 'sample').then(() => parentPort.postMessage('ready'))
}

'use strict'

// Two captures by fork from one loop that touches nothing: an image and V8's snapshot of the same heap. Arguments: folder, names of
// heaps.js with commas between them, a node_modules for those that need one. Run it with FLAGS of support/same-heap.js.

const fs = require('node:fs')
const { Worker } = require('node:worker_threads')
const { takeSnapshot } = require('../..')
const heaps = require('./heaps')

const [dir, names, modules] = process.argv.slice(2)

// Looks for the two files from a thread of its own, and says so in shared memory.
const there = new Int32Array(new SharedArrayBuffer(4))
const look = `
  const { workerData: { dir, there } } = require('node:worker_threads')
  const fs = require('node:fs')
  const watcher = fs.watch(dir, check)
  function check () {
    if (fs.readdirSync(dir).filter((name) => /^[^.].*\\.zst$/.test(name)).length < 2) return
    there[0] = 1
    watcher.close()
  }
  check()`

async function main () {
  globalThis.held = {}
  for (const name of names.split(',')) globalThis.held[name] = await heaps[name](modules)
  const worker = new Worker(look, { eval: true, workerData: { dir, there } })
  await new Promise((resolve) => worker.once('online', resolve))
  const orders = ['image', 'snapshot'].map((form) => takeSnapshot({ dir, form, mode: 'fork', timeout: '8m' }))
  setImmediate(() => {
    while (there[0] === 0);
    Promise.all(orders).then((infos) => process.stdout.write(`${JSON.stringify(infos)}\n`, () => process.exit()))
  })
}

main()
process.once('exit', () => fs.readdirSync(dir))

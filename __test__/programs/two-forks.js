'use strict'

// Two captures by fork from one loop that touches nothing: an image and V8's snapshot of the same heap. Argument: folder. Run it
// with --jitless, so that V8 does not compile the loop meanwhile.

const fs = require('node:fs')
const { Worker } = require('node:worker_threads')
const { takeSnapshot } = require('../..')

const dir = process.argv[2]

class Session {
  constructor (i) { this.i = i; this.text = `session ${i}`; this.parts = [i, { of: this }] }
}
const sessions = new Map(Array.from({ length: 20_000 }, (_, i) => [i, new Session(i)]))
globalThis.sessions = sessions
globalThis.others = { weak: new WeakMap([...sessions.values()].map((one) => [one, { i: one.i }])), set: new Set('abc'), bytes: Buffer.alloc(1e6) }

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
const worker = new Worker(look, { eval: true, workerData: { dir, there } })
worker.once('online', () => {
  const orders = ['image', 'snapshot'].map((form) => takeSnapshot({ dir, form, mode: 'fork' }))
  setImmediate(() => {
    while (there[0] === 0);
    Promise.all(orders).then((infos) => console.log(JSON.stringify(infos)))
  })
})
process.once('exit', () => fs.readdirSync(dir))

'use strict'

// A service that evidence is taken of: `node service.js OPTIONS`, which are JSON:
//   heap     MiB of small objects that it keeps
//   serves   it answers requests, for each of which it makes garbage (with --expose-gc)
//   garbage  of so many objects
//   leak     it keeps more and more, until its heap is full
//   workers  it is so many processes of a cluster
//   watch    options of watch(); none: it is not watched. Without `defaults: true` it has no rules
//   order    options of takeSnapshot(), for the word "go" on stdin; "exit" ends it
// It says what happens in lines of JSON on stdout.

const cluster = require('node:cluster')
const fs = require('node:fs')
const http = require('node:http')
const { createInterface } = require('node:readline')
const { getHeapStatistics } = require('node:v8')

const MIB = 2 ** 20
const STEP = 5000

const { heap = 0, serves, garbage = 100, leak, workers, watch, order } = JSON.parse(process.argv[2])
// Not by a pipe's queue: it may end at any moment.
const say = (line) => { try { fs.writeSync(1, `${JSON.stringify(line)}\n`) } catch {} } // nobody listens any more

class Evidence { constructor (i) { this.i = i; this.list = [i] } }
const kept = globalThis.kept = []
const keepMore = () => { for (let i = 0; i < STEP; i++) kept.push(new Evidence(kept.length)) }

/** Says in `ready` where it is to be asked. */
async function serve () {
  const server = http.createServer((request, response) => {
    const list = Array.from({ length: garbage }, (_, i) => ({ i, text: `number ${i}` }))
    response.end(JSON.stringify(list.length))
  })
  // Ones that it closes while a client writes would be lost.
  server.keepAliveTimeout = 0
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}

async function go () {
  const begun = performance.now()
  const result = await require('../..').takeSnapshot(order).then((info) => ({ info }), ({ code, message }) => ({ code, message }))
  say({ type: 'taken', ...result, ms: Math.round(performance.now() - begun) })
}

function leakOn () {
  keepMore()
  setImmediate(leakOn)
}

async function main () {
  if (workers && cluster.isPrimary) {
    for (let i = 0; i < workers; i++) cluster.fork()
    let left = workers
    cluster.on('exit', (worker, status, signal) => {
      say({ type: 'worker', pid: worker.process.pid, status, signal })
      if (--left === 0) process.exit()
    })
    return
  }
  const heapwarden = watch || order ? require('../..') : undefined
  if (watch) {
    const { defaults, ...options } = watch
    heapwarden.watch({ ...(!defaults && { rules: [] }), ...options })
  }
  while (getHeapStatistics().used_heap_size < heap * MIB) keepMore()
  // What a collection needs for itself is not to come when the container is narrow already; the first leaves some for later.
  for (let i = 0; serves && i < 2; i++) globalThis.gc()
  const port = serves ? await serve() : undefined
  createInterface({ input: process.stdin }).on('line', (word) => word === 'go' ? go() : process.exit()).on('close', () => { if (!leak) process.exit() })
  say({ type: 'ready', pid: process.pid, port })
  if (leak) leakOn()
}

main()

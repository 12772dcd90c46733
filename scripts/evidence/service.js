'use strict'

// A service that evidence is taken of: `node service.js OPTIONS`, which are JSON:
//   heap     MiB of small objects that it keeps
//   load     it answers so many requests a second, its own, for each of which it makes garbage
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
const TICK_MS = 10

const { heap = 0, load, garbage = 100, leak, workers, watch, order } = JSON.parse(process.argv[2])
// Not by a pipe's queue: it may end at any moment.
const say = (line) => { try { fs.writeSync(1, `${JSON.stringify(line)}\n`) } catch {} } // nobody listens any more

class Evidence { constructor (i) { this.i = i; this.list = [i] } }
const kept = globalThis.kept = []
const keepMore = () => { for (let i = 0; i < STEP; i++) kept.push(new Evidence(kept.length)) }

let answered = 0
let wrong = 0

function serve () {
  const server = http.createServer((request, response) => {
    const list = Array.from({ length: garbage }, (_, i) => ({ i, text: `number ${i}` }))
    response.end(JSON.stringify(list.length))
  })
  const ask = () => {
    http.get({ port: server.address().port, host: '127.0.0.1', agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece) => { text += piece }).on('end', () => {
        answered++
        if (text !== String(garbage)) wrong++
      })
    }).on('error', () => { wrong++ })
  }
  const agent = new http.Agent({ keepAlive: true })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve)).then(() => {
    const begun = performance.now()
    let asked = 0
    setInterval(() => {
      // What it could not be asked for while it stood still it is not asked for later.
      const due = Math.floor((performance.now() - begun) / 1000 * load)
      for (let i = Math.min(due - asked, load / 10); i > 0; i--) ask()
      asked = due
    }, TICK_MS)
  })
}

async function go () {
  const begun = performance.now()
  const before = answered
  const result = await require('../..').takeSnapshot(order).then((info) => ({ info }), ({ code, message }) => ({ code, message }))
  say({ type: 'taken', ...result, ms: Math.round(performance.now() - begun), answered: answered - before, wrong })
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
  if (load) await serve()
  createInterface({ input: process.stdin }).on('line', (word) => word === 'go' ? go() : process.exit()).on('close', () => { if (!leak) process.exit() })
  say({ type: 'ready', pid: process.pid })
  if (leak) leakOn()
}

main()

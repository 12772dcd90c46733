'use strict'

// A service under load that takes snapshots by fork, one after the other: node fork-load.js FOLDER COUNT
// Allocation churn, HTTP requests, a busy libuv pool, and a thread that never sleeps. Not more load than leaves
// the child some time: it runs when nobody else wants to.

const crypto = require('node:crypto')
const fs = require('node:fs')
const http = require('node:http')
const { Worker, isMainThread, workerData } = require('node:worker_threads')
const zlib = require('node:zlib')
const { takeSnapshot } = require('../..')

const say = (line) => console.log(JSON.stringify(line))
const PAUSE_MS = 10

/** Objects that live for a while, and garbage; sets the loop turning. */
function churn () {
  const kept = new Map()
  let turns = 0
  setInterval(() => {
    turns++
    for (let i = 0; i < 300; i++) kept.set(turns * 300 + i, { i, text: `${turns} ${i}`, list: [i, turns] })
    for (const key of kept.keys()) {
      if (kept.size <= 10_000) break
      kept.delete(key)
    }
  }, PAUSE_MS / 2)
  return () => turns
}

/** Work for the threads of libuv's pool, each kind begun again when it is done. */
function pool () {
  const data = crypto.randomBytes(64 << 10)
  const again = (work) => work(() => setTimeout(again, PAUSE_MS, work))
  again((done) => crypto.pbkdf2('password', 'salt', 2000, 32, 'sha256', done))
  again((done) => fs.readFile(__filename, done))
  again((done) => fs.stat(__dirname, done))
  again((done) => zlib.deflate(data, done))
}

/** In a worker: asks the server again and again. Counts answers in shared memory. */
function client () {
  const { port, counters } = workerData
  const [ANSWERED, FAILED] = [0, 1]
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 })
  const ask = () => {
    const later = (index) => {
      Atomics.add(counters, index, 1)
      setTimeout(ask, PAUSE_MS)
    }
    http.get({ port, agent }, (response) => {
      response.resume().on('end', () => later(response.statusCode === 200 ? ANSWERED : FAILED))
    }).on('error', () => later(FAILED))
  }
  ask()
  ask()
}

/** In a worker: never sleeps. */
function spin () {
  for (let i = 0; ; i++) global.i = { i }
}

async function main () {
  const [dir, count] = process.argv.slice(2)
  const server = http.createServer((_, response) => response.end(JSON.stringify({ some: 'answer' })))
  await new Promise((resolve) => server.listen(0, resolve))
  const counters = new Uint32Array(new SharedArrayBuffer(8))
  const { port } = server.address()
  new Worker(__filename, { workerData: { role: 'client', port, counters } })
  new Worker(__filename, { workerData: { role: 'spin' } })
  const turns = churn()
  pool()
  for (let i = 0; i < Number(count); i++) {
    const before = [turns(), counters[0]]
    const harm = () => ({ turns: turns() - before[0], answered: counters[0] - before[1], unanswered: counters[1] })
    try {
      const info = await takeSnapshot({ dir, mode: 'fork', keep: { count: 10_000 }, minFreeDisk: 0, timeout: '180s' })
      say({ type: 'capture', info, ...harm() })
    } catch ({ code, message }) {
      say({ type: 'failed', code, message, ...harm() })
    }
  }
  say({ type: 'end' })
  process.exit(0)
}

const roles = { client, spin }
if (isMainThread) main()
else roles[workerData.role]()

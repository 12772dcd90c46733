'use strict'

// A service that does a bit of everything, and has images taken of itself meanwhile: what scripts/moments.js freezes. Arguments:
// folder, number of images, 'fork' or 'in place', a folder of modules or ''. Says in the end how its work went.

const { execFile, spawnSync } = require('node:child_process')
const crypto = require('node:crypto')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const zlib = require('node:zlib')
const { Worker } = require('node:worker_threads')
const { takeSnapshot } = require('../..')
const native = require('../../native/heapwarden.linux-x64-gnu.node')

const [dir, count, kind, modules] = process.argv.slice(2)
/** Milliseconds between two images, at most: any moment may be the next. */
const APART = 60

const wrong = []
const failed = []
let [work, requests, taken, interrupted] = [0, 0, 0, 0]
const is = (name, right) => { if (!right) wrong.push(name) }
const sum = (bytes) => crypto.createHash('sha1').update(bytes).digest('hex')
const data = Buffer.alloc(200_000, 'heap')
const wanted = sum(data)
const derived = crypto.pbkdf2Sync('a', 'b', 10_000, 32, 'sha256').toString('hex')
const held = globalThis.held = new Map()
globalThis.evidence = Array.from({ length: 1000 }, (_, i) => ({ evidence: i }))

/** Adds its two numbers. */
const wasm = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(
  '0061736d0100000001070160027f7f017f030201000707010373756d00000a09010700200020016a0b', 'hex'))).exports
const worker = new Worker(`
  let x = []
  setInterval(() => { x = Array.from({ length: 2e4 }, (_, i) => ({ i })) }, 5)
  require('node:worker_threads').parentPort.on('message', (n) => { require('node:worker_threads').parentPort.postMessage(n + x.length - x.length) })
`, { eval: true })
const server = http.createServer((request, response) => response.end(`${request.url} ok`))

const jobs = {
  hash () { is('hash', sum(data) === wanted) },
  json () {
    const some = [...held].slice(0, 2000)
    is('json', JSON.parse(JSON.stringify(some)).length === some.length)
  },
  regex () { is('regex', !/^(a+)+$/.test(`${'a'.repeat(18)}b`)) },
  zlib: () => new Promise((resolve) => zlib.gzip(data, (_, packed) => zlib.gunzip(packed, (_, bytes) => {
    is('zlib', sum(bytes) === wanted)
    resolve()
  }))),
  zlibSync () { is('zlibSync', sum(zlib.inflateSync(zlib.deflateSync(data))) === wanted) },
  crypto: () => new Promise((resolve) => crypto.pbkdf2('a', 'b', 10_000, 32, 'sha256', (_, key) => {
    is('crypto', key.toString('hex') === derived)
    resolve()
  })),
  cryptoSync () { is('cryptoSync', crypto.pbkdf2Sync('a', 'b', 10_000, 32, 'sha256').toString('hex') === derived) },
  map () {
    for (let i = 0; i < 2000; i++) held.set(`k${work}:${i}`, { i, text: `v${i}`, list: [i] })
    if (held.size > 20_000) held.clear()
  },
  garbage () {
    const list = []
    for (let i = 0; i < 1e5; i++) list.push({ i })
    is('garbage', list.length === 1e5)
  },
  full () {
    const list = []
    for (let i = 0; i < 3e5; i++) list.push([i])
    is('full', list[2e5][0] === 2e5)
  },
  sort () {
    const numbers = Array.from({ length: 5e4 }, Math.random).sort((a, b) => a - b)
    is('sort', numbers[0] <= numbers[1])
  },
  file: async () => is('file', (await fs.promises.readFile(__filename)).length > 0),
  fileSync () { is('fileSync', fs.readFileSync('/proc/self/maps').length > 0) },
  http: () => new Promise((resolve) => {
    const url = `/${work}`
    http.get({ port: server.address().port, host: '127.0.0.1', path: url, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece) => { text += piece }).on('end', () => {
        is('http', text === `${url} ok`)
        requests++
        resolve()
      })
    }).on('error', (error) => { is(`http ${error.message}`, false); resolve() })
  }),
  childSync () { is('childSync', spawnSync('true').status === 0) },
  child: () => new Promise((resolve) => execFile('echo', ['yes'], (error, text) => { is('child', !error && text === 'yes\n'); resolve() })),
  wasm () {
    let total = 0
    for (let i = 0; i < 1e5; i++) total = wasm.sum(total, i)
    is('wasm', total === (1e5 * (1e5 - 1) / 2 | 0))
  },
  worker: () => new Promise((resolve) => {
    const number = work
    worker.once('message', (answer) => { is('worker', answer === number); resolve() })
    worker.postMessage(number)
  })
}

/** Adds jobs of modules with native code, as far as they are there; says which. */
function others () {
  const parts = []
  const from = (name) => require(require.resolve(name, { paths: [path.resolve(modules), path.dirname(path.resolve(modules))] }))
  const rows = (database) => {
    database.exec('create table t (i integer primary key, x text)')
    const [insert, find] = ['insert into t (x) values (?)', 'select count(*) as n, sum(length(x)) as l from t'].map((text) => database.prepare(text))
    let inserted = 0
    return () => {
      for (let i = 0; i < 200; i++) insert.run('0123456789')
      inserted += 200
      const { n, l } = find.get()
      is('sqlite', n === inserted && l === 10 * n)
      if (inserted > 20_000) { database.exec('delete from t'); inserted = 0 }
    }
  }
  try {
    jobs.sqlite = rows(new (from('better-sqlite3'))(':memory:'))
    parts.push('better-sqlite3')
  } catch {
    try {
      jobs.sqlite = rows(new (require('node:sqlite').DatabaseSync)(':memory:'))
      parts.push('node:sqlite')
    } catch {}
  }
  if (modules) {
    const sharp = from('sharp')
    jobs.sharp = async () => {
      const raw = await sharp({ create: { width: 200, height: 200, channels: 3, background: { r: 9, g: 8, b: 7 } } }).resize(50, 50).raw().toBuffer()
      is('sharp', raw.length === 7500 && raw[0] === 9 && raw[7499] === 7)
    }
    parts.push('sharp')
  }
  return parts
}

async function take () {
  const order = { dir, form: 'image', keep: { count: 100_000, bytes: '100GiB' }, ...(kind === 'in place' && { mode: 'inline' }) }
  while (taken < count) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * APART))
    await takeSnapshot(order).then(({ reason }) => { interrupted += Number(/no stack guard/.test(reason)) }, ({ message }) => failed.push(message))
    taken++
    process.stderr.write(`${taken} `)
  }
}

async function working () {
  const names = Object.keys(jobs)
  while (taken < count) {
    await jobs[names[Math.floor(Math.random() * names.length)]]()
    if (++work % 20 === 0) await new Promise(setImmediate)
  }
}

const parts = others()
native.interruptForTest(true)
server.listen(0, '127.0.0.1', () => Promise.all([take(), working()]).then(() => {
  console.log(JSON.stringify({ version: process.version, work, requests, wrong, failed, interrupted, with: parts }))
  server.close()
  worker.terminate()
}))

'use strict'

// Freezes a busy service at random moments of its life, from a signal in the middle of whatever it does, and thaws each image.
// What the service computes must stay right, and all copies but one of a hundred must be whole.
// node scripts/moments.js [COUNT=200] [by-fork|in-place] [FOLDER, where images stay that are not whole]

const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const root = path.join(__dirname, '..')

const THAW_MS = 120_000

if (process.argv[2] === 'host') host(...process.argv.slice(3))
else main()

/** Takes `count` images of itself into `dir` while it works; says how its work went. */
function host (dir, count, kind) {
  const crypto = require('node:crypto')
  const http = require('node:http')
  const zlib = require('node:zlib')
  const { Worker } = require('node:worker_threads')
  const { takeSnapshot } = require(root)
  const native = require('../native/heapwarden.linux-x64-gnu.node')
  const wrong = []
  let work = 0
  let taken = 0
  let interrupted = 0
  const is = (name, right) => { if (!right) wrong.push(name) }
  const sum = (bytes) => crypto.createHash('sha1').update(bytes).digest('hex')
  const data = Buffer.alloc(300_000, 'heap')
  const wanted = sum(data)
  const derived = crypto.pbkdf2Sync('a', 'b', 20_000, 32, 'sha256').toString('hex')
  const held = globalThis.held = new Map()
  globalThis.evidence = Array.from({ length: 1000 }, (_, i) => ({ evidence: i }))
  const worker = new Worker('let x = []; setInterval(() => { x = Array.from({ length: 2e4 }, (_, i) => ({ i })) }, 5)', { eval: true })
  const server = http.createServer((request, response) => response.end('ok')).listen(0, '127.0.0.1')
  const jobs = {
    hash () { is('hash', sum(data) === wanted) },
    json () {
      const some = [...held].slice(0, 3000)
      is('json', JSON.parse(JSON.stringify(some)).length === some.length)
    },
    regex () { is('regex', !/^(a+)+$/.test(`${'a'.repeat(20)}b`)) },
    zlib: () => new Promise((resolve) => zlib.gzip(data, (_, packed) => zlib.gunzip(packed, (_, bytes) => {
      is('zlib', sum(bytes) === wanted)
      resolve()
    }))),
    crypto: () => new Promise((resolve) => crypto.pbkdf2('a', 'b', 20_000, 32, 'sha256', (_, key) => {
      is('crypto', key.toString('hex') === derived)
      resolve()
    })),
    stuck () { is('stuck', crypto.pbkdf2Sync('a', 'b', 20_000, 32, 'sha256').toString('hex') === derived) },
    map () {
      for (let i = 0; i < 3000; i++) held.set(`k${work}:${i}`, { i, text: `v${i}`, list: [i] })
      if (held.size > 60_000) held.clear()
    },
    garbage () {
      const list = []
      for (let i = 0; i < 2e5; i++) list.push({ i })
      is('garbage', list.length === 2e5)
    },
    sort () {
      const numbers = Array.from({ length: 1e5 }, Math.random).sort((a, b) => a - b)
      is('sort', numbers[0] <= numbers[1])
    },
    file: async () => is('file', (await fs.promises.readFile(__filename)).length > 0),
    fileSync () { is('fileSync', fs.readFileSync('/proc/self/maps').length > 0) },
    http: () => new Promise((resolve) => {
      http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (response) => response.on('data', () => {}).on('end', resolve))
        .on('error', (error) => { is(`http ${error.message}`, false); resolve() })
    }),
    child () { is('child', spawnSync('true').status === 0) }
  }
  const names = Object.keys(jobs)
  native.interruptForTest(true)
  const failed = []
  const forms = kind === 'in-place' ? { mode: 'inline' } : {}
  const take = async () => {
    while (taken < count) {
      await takeSnapshot({ dir, form: 'image', keep: { count: 10_000, bytes: '100GiB' }, ...forms })
        .then(({ reason }) => { interrupted += Number(/no stack guard/.test(reason)) }, ({ message }) => failed.push(message))
      taken++
      process.stderr.write(`${taken} `)
    }
  }
  const working = async () => {
    while (taken < count) {
      await jobs[names[Math.floor(Math.random() * names.length)]]()
      if (++work % 20 === 0) await new Promise(setImmediate)
    }
  }
  server.once('listening', () => Promise.all([take(), working()]).then(() => {
    console.log(JSON.stringify({ work, wrong, failed, interrupted }))
    server.close()
    worker.terminate()
  }))
}

function main () {
  const [count = '200', kind = 'by-fork', kept] = process.argv.slice(2)
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-moments-'))
  const child = spawn(process.execPath, ['--max-old-space-size=300', __filename, 'host', dir, count, kind], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (text) => { said += text })
  child.once('close', async (status, signal) => {
    const { work, wrong, failed, interrupted } = said ? JSON.parse(said) : { work: 0, wrong: [`the service ended with ${signal ?? status}`], failed: [], interrupted: 0 }
    console.log(`\nthe service: ${work} jobs, ${wrong.length} wrong ${[...new Set(wrong)]}; ${interrupted} images from a signal, ${failed.length} not taken ${[...new Set(failed)]}`)
    const bad = await thawAll(dir, kept)
    fs.rmSync(dir, { recursive: true })
    process.exitCode = wrong.length > 0 || failed.length > 0 || bad * 100 > Number(count) ? 1 : 0
  })
}

async function thawAll (dir, kept) {
  const { thaw } = require(root)
  let [whole, bad] = [0, 0]
  for (const name of fs.readdirSync(dir).filter((one) => one.endsWith('.heapimage.zst'))) {
    const image = path.join(dir, name)
    const to = path.join(dir, 'thawed.heapsnapshot.zst')
    try {
      const { nodes } = await thaw(image, { path: to, timeout: THAW_MS })
      if (!(nodes > 10_000)) throw new Error(`${nodes} nodes`)
      whole++
    } catch (error) {
      bad++
      if (kept) fs.copyFileSync(image, path.join(kept, name))
      console.log(`${name}: ${error.message.replaceAll('\n', ' ').slice(0, 600)}`)
    }
    fs.rmSync(to, { force: true })
    fs.rmSync(image)
  }
  console.log(`whole: ${whole} of ${whole + bad}`)
  return bad
}

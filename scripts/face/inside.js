'use strict'

// `inside.js ROOT DIR HEAPS`: prints, as JSON, what this process sees of the package in ROOT.

const { createHash } = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const { createRequire } = require('node:module')
const path = require('node:path')
const { Readable } = require('node:stream')
const { setTimeout: sleep } = require('node:timers/promises')
const v8 = require('node:v8')
const { masked, shape } = require('./mask')
const { refused } = require('./refused')

const [root, dir, heapsJson] = process.argv.slice(2)
const heaps = JSON.parse(heapsJson)
const places = { dir, heaps: path.dirname(heaps.first), root }
const load = createRequire(path.join(root, 'package.json'))
const print = (value) => JSON.stringify(value, null, 1)
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

process.env.NODE_HEAPDUMP_OPTIONS = 'nosignal'
process.env.HEAPWARDEN_ENABLED = '0'

/** What a value offers: functions with their arity, classes with their methods, and so on. */
function offered (value, deep = true) {
  if (typeof value === 'function') {
    const own = value.prototype && Object.getOwnPropertyNames(value.prototype).length > 1
    return { function: value.name, length: value.length, ...own && { methods: members(value.prototype) }, ...deep && { properties: Object.fromEntries(Object.keys(value).map((key) => [key, offered(value[key], false)])) } }
  }
  return deep && typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, offered(value[key], false)])) : typeof value
}

function members (prototype) {
  return Object.fromEntries(Object.entries(Object.getOwnPropertyDescriptors(prototype)).sort(([a], [b]) => a < b ? -1 : 1).map(([name, { value, get, set }]) =>
    [name, typeof value === 'function' ? value.length : [get && 'get', set && 'set'].filter(Boolean).join(' ')]))
}

async function exported () {
  const found = {}
  for (const key of Object.keys(load('./package.json').exports).filter((one) => !one.endsWith('.json'))) {
    const name = `heapwarden${key.slice(1)}`
    const required = load(name)
    found[name] = typeof required === 'function' ? offered(required) : Object.fromEntries(Object.keys(required).map((one) => [one, offered(required[one])]))
    const imported = await import(load.resolve(name).replace(/index\.js$/, 'index.mjs'))
    found[`import ${name}`] = Object.keys(imported).sort()
  }
  return found
}

/** What `ask` answers, or how it refuses: a function that is gone is a difference as well. */
async function outcome (ask) {
  try {
    return await ask()
  } catch ({ name, code, message }) {
    return { name, code, message: masked(message, places) }
  }
}

/** The parts of a packed file: our frames' JSON by its shape, the data by its digest. */
function dissected (bytes) {
  if (bytes.readUInt32LE(0) !== 0x184D2A57) return { plain: sha256(bytes) }
  const header = bytes.readUInt32LE(4)
  const trailer = bytes.readUInt32LE(bytes.length - 12)
  const data = bytes.subarray(8 + header, bytes.length - trailer - 8)
  const json = (from, to) => shape(JSON.parse(bytes.subarray(from, to)), places)
  return {
    magic: bytes.subarray(8, 16).toString(),
    header: json(16, 8 + header),
    data: sha256(data),
    trailer: json(bytes.length - trailer, bytes.length - 12),
    end: bytes.subarray(-8).toString()
  }
}

/** Files made of a fixed heap: V8's place in `node:v8` is taken. Not where V8 is reached directly. */
async function files ({ takeSnapshot, openSnapshot }) {
  const { getHeapSnapshot } = v8
  const json = fs.readFileSync(heaps.second)
  const pieces = Array.from({ length: Math.ceil(json.length / 65536) }, (_, i) => json.subarray(i * 65536, (i + 1) * 65536))
  v8.getHeapSnapshot = () => Readable.from(pieces)
  const found = {}
  try {
    for (const options of [{}, { level: 0 }, { level: 9 }, { redact: true }, { redact: true, level: 0 }]) {
      const name = JSON.stringify(options)
      const file = path.join(dir, `${Object.keys(found).length}.heapsnapshot${options.level === 0 ? '' : '.zst'}`)
      const info = await outcome(() => takeSnapshot({ path: file, mode: 'inline', trigger: 'a reason', ...options }))
      found[name] = { info: info.code ? info : shape(info, places) }
      if (info.code) continue
      found[name].file = dissected(fs.readFileSync(info.path))
      const hash = createHash('sha256')
      for await (const chunk of openSnapshot(info.path)) hash.update(chunk)
      found[name].json = hash.digest('hex')
    }
  } finally {
    v8.getHeapSnapshot = getHeapSnapshot
  }
  return found
}

async function analyses ({ summarize, compare, findPaths, findSuspects }) {
  const { first, second, third, cut } = heaps
  const asked = {
    summary: () => summarize(first),
    'summary of a class': () => summarize(first, { className: 'Session', top: 3 }),
    'summary in a child': () => summarize(second, { className: /^S/, process: 'child' }),
    'summary of a cut file': () => summarize(cut),
    'what a cut file has': () => summarize(cut, { salvage: true }),
    'too little memory': () => summarize(first, { maxMemory: 1000 }),
    diff: () => compare(first, second),
    'diff without ids': () => compare(first, second, { ids: false }),
    trend: () => compare([first, second, third]),
    paths: () => findPaths(second, { className: 'Session' }),
    'paths to a node': () => findPaths(second, { id: 3 }),
    'paths to nothing': () => findPaths(second, { className: 'Nobody' }),
    ...findSuspects && { suspects: () => findSuspects([first, second, third]) },
    'no file': () => summarize(path.join(dir, 'nothing'))
  }
  const found = {}
  for (const [name, ask] of Object.entries(asked)) found[name] = masked(print(await outcome(ask)), places)
  return found
}

/** Events of a watched process, and what the admin routes say of it. */
async function watched ({ capabilities, takeSnapshot, watch }) {
  const folder = path.join(dir, 'watched')
  const monitor = watch({ interval: 20, rules: [{ name: 'at once', metric: 'rss', above: '1MB', do: ['snapshot'] }], snapshots: { dir: folder } })
  const events = {}
  for (const name of ['sample', 'gc', 'breach', 'recovered', 'snapshot', 'snapshotFailed', 'progress', 'warning']) {
    monitor.on(name, (payload) => {
      // Which collections of the young there are is chance.
      if (payload.kind !== 'scavenge') events[name] ??= shape(payload, places)
    })
  }
  monitor.once('snapshotFailed', ({ code, message }) => { throw new Error(`the rule's snapshot failed, and there is nothing to compare: ${code}: ${message}`) })
  const [info] = await once(monitor, 'snapshot')
  while (events.gc === undefined && capabilities.gcEvents.available) {
    globalThis.gc()
    await sleep(20)
  }
  const sample = await monitor.sample()
  const own = shape(await takeSnapshot({ dir: folder, trigger: 'by hand', keep: { count: 9 } }), places)
  const found = { info: shape(info, places), 'info of takeSnapshot': own, sample: shape(sample, places), events: { ...events, progress: undefined } }
  found.rules = shape(monitor.rules(), places)
  found.snapshots = shape(await monitor.snapshots(), places)
  found.routes = await routes(monitor, path.basename(info.path))
  found['stopped twice'] = [await monitor.stop(), await monitor.stop()].map(String)
  found['snapshot when stopped'] = await outcome(() => monitor.snapshot())
  return found
}

async function routes (monitor, name) {
  const { middleware } = load('heapwarden/middleware')
  const server = http.createServer(middleware({ monitor, token: 'sesame' })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const found = {}
  const targets = ['/', '/status', '/history', '/rules', '/snapshots', `/snapshots/${name}`, `/snapshots/${name}?raw=1`, '/snapshots/nothing', '/snapshots/%', '/nothing', '/status/']
  for (const target of targets) {
    for (const [method, headers] of [['GET', { authorization: 'Bearer sesame' }], ['GET', {}], ['HEAD', { authorization: 'bearer sesame' }], ['OPTIONS', { authorization: 'Bearer sesame' }], ['PUT', { authorization: 'Bearer sesame' }]]) {
      const req = http.request({ port: server.address().port, host: '127.0.0.1', path: target, method, headers })
      req.end()
      const [res] = await once(req, 'response')
      const chunks = []
      for await (const chunk of res) chunks.push(chunk)
      const { date, etag, 'last-modified': modified, 'content-length': length, ...rest } = res.headers
      const body = Buffer.concat(chunks)
      const text = body.length === 0 ? '' : /json/.test(rest['content-type']) && !target.startsWith(`/snapshots/${name}`) ? shape(JSON.parse(body), places) : `${rest['content-type']}, some bytes`
      found[`${method} ${target.replace(name, 'NAME')}${headers.authorization ? '' : ' without a token'}`] = { status: res.statusCode, headers: shape(rest, places), body: text }
    }
  }
  server.closeAllConnections()
  server.close()
  return found
}

async function main () {
  // A monitor does not keep its process alive.
  const alive = setInterval(() => {}, 1000)
  const heapwarden = load('heapwarden')
  const parts = {
    exports: await exported(),
    capabilities: shape(heapwarden.capabilities, places),
    ...await refused(load, dir, places),
    ...!process.env.HEAPWARDEN_PORTABLE && !process.env.HEAPWARDEN_NATIVE ? {} : await files(heapwarden),
    ...await analyses(heapwarden),
    ...await watched(heapwarden)
  }
  const { routes: answers, ...others } = parts
  for (const [name, value] of Object.entries(answers)) others[name] = value
  clearInterval(alive)
  console.log(JSON.stringify(Object.fromEntries(Object.entries(others).map(([name, value]) => [name, typeof value === 'string' ? value : print(value)]))))
}

main()

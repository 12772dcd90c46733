'use strict'

// Heaps of many kinds, each a function that gives what it keeps alive, or a promise of it. `modules` is where packages are.

const path = require('node:path')
const { Worker } = require('node:worker_threads')
const { spawn } = require('node:child_process')

const from = (modules, name) => require(require.resolve(name, { paths: [path.dirname(modules)] }))

class Session {
  constructor (i) { this.i = i; this.text = `session ${i}`; this.parts = [i, { of: this }] }
}

/** The oracle's, but for those that are large, or need packages, or are another thread's. */
const ORACLES = ['buffers', 'classes', 'contexts', 'cycles', 'dictionaries', 'ephemerons', 'names', 'runtime', 'strings']

module.exports = {
  oracle: () => Promise.all(ORACLES.map((name) => require(`../oracle/heaps/${name}`).hold())),
  sessions () {
    const sessions = new Map(Array.from({ length: 20_000 }, (_, i) => [i, new Session(i)]))
    return { sessions, weak: new WeakMap([...sessions.values()].map((one) => [one, { i: one.i }])), set: new Set('abc'), bytes: Buffer.alloc(1e6) }
  },
  weak () {
    const keys = Array.from({ length: 3000 }, (_, i) => ({ i }))
    const gone = Array.from({ length: 500 }, (_, i) => new WeakRef({ gone: i }))
    const registry = new FinalizationRegistry(() => {})
    for (const key of keys) registry.register(key, key.i, key)
    const chain = new WeakMap()
    keys.reduce((before, key) => { chain.set(before, { next: key }); return key })
    return { keys: keys.slice(0, 2000), gone, refs: keys.map((key) => new WeakRef(key)), registry, chain, set: new WeakSet(keys) }
  },
  generators () {
    function * count (to) { for (let i = 0; i < to; i++) yield { i, to } }
    async function * slow (to) { for (let i = 0; i < to; i++) yield await new Promise((resolve) => setTimeout(resolve, 1e6, i)) }
    async function waits (what) { await new Promise(() => {}); return what }
    const begun = Array.from({ length: 2000 }, (_, i) => { const one = count(i + 2); one.next(); return one })
    return { begun, slow: Array.from({ length: 100 }, (_, i) => { const one = slow(i); one.next(); return one }), waiting: Array.from({ length: 500 }, (_, i) => waits({ i })) }
  },
  intl () {
    const places = ['de', 'en-GB', 'ja', 'ar-EG', 'hi']
    const all = places.flatMap((place) => [
      new Intl.NumberFormat(place, { style: 'currency', currency: 'EUR' }), new Intl.DateTimeFormat(place, { dateStyle: 'full' }),
      new Intl.Collator(place), new Intl.PluralRules(place), new Intl.ListFormat(place), new Intl.RelativeTimeFormat(place), new Intl.Segmenter(place)
    ])
    return { all, said: all.map((one) => (one.format ? one.format(one instanceof Intl.ListFormat ? ['a', 'b'] : 1, 'day') : '')) }
  },
  map: () => new Map(Array.from({ length: 1e6 }, (_, i) => [`key ${i}`, i % 3 === 0 ? { i } : i + 0.5])),
  list () {
    let head = null
    for (let i = 0; i < 500_000; i++) head = { next: head, i }
    return head
  },
  buffers: () => Array.from({ length: 500 }, (_, i) => Buffer.alloc(1 << 20, i)),
  wasm () {
    // Exports a memory, a table of functions, and a function that adds.
    const bytes = Buffer.from('0061736d0100000001070160027f7f017f0302010004050170010a0a0503010010071503036d656d02000373756d0000057461626c6501000a09010700200020016a0b', 'hex')
    const module = new WebAssembly.Module(bytes)
    const instances = Array.from({ length: 20 }, () => new WebAssembly.Instance(module))
    for (const { exports: { mem, sum, table } } of instances) {
      new Uint8Array(mem.buffer).fill(sum(3, 4))
      table.set(0, sum)
    }
    return { module, instances, views: instances.map(({ exports: { mem } }) => new Float64Array(mem.buffer)) }
  },
  async workers () {
    const code = 'const kept = new Map(Array.from({ length: 2e4 }, (_, i) => [i, { i }])); const { parentPort } = require("node:worker_threads"); parentPort.on("message", () => kept); parentPort.postMessage(new Uint8Array(1000))'
    const shared = new SharedArrayBuffer(1 << 20)
    const workers = Array.from({ length: 3 }, () => new Worker(code, { eval: true, workerData: { shared }, resourceLimits: { maxOldGenerationSizeMb: 100 } }))
    const said = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
    for (const worker of workers) worker.unref()
    return { workers, said, shared, channel: new MessageChannel() }
  },
  typescript (modules) {
    const ts = from(modules, 'typescript')
    const text = 'interface A<T> { of: T }\nexport const some: A<number>[] = [1, 2].map((of) => ({ of }))\nexport type B = Partial<Record<keyof A<string>, Promise<Map<string, RegExp>>>>'
    const host = ts.createCompilerHost({})
    const read = host.getSourceFile
    host.getSourceFile = (name, ...more) => name === 'a.ts' ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : read.call(host, name, ...more)
    const program = ts.createProgram(['a.ts'], { target: ts.ScriptTarget.ES2022, types: [] }, host)
    return { program, checker: program.getTypeChecker(), problems: ts.getPreEmitDiagnostics(program) }
  },
  jsdom (modules) {
    const { JSDOM } = from(modules, 'jsdom')
    return Array.from({ length: 5 }, (_, n) => {
      const dom = new JSDOM(`<ul>${Array.from({ length: 200 }, (_, i) => `<li class="c${i % 7}" data-i="${i}">item <b>${i}</b></li>`).join('')}</ul>`, { runScripts: 'outside-only' })
      dom.window.eval(`for (const li of document.querySelectorAll('li')) li.addEventListener('click', () => li.dataset.i + ${n})`)
      return dom
    })
  },
  async express (modules) {
    const app = from(modules, 'express')()
    const seen = new Map()
    app.get('/:id', (request, response) => {
      seen.set(request.params.id, { url: request.url, headers: request.headers })
      // Some wait: requests are under way.
      setTimeout(() => response.json({ id: request.params.id, seen: seen.size }), seen.size % 5 === 0 ? 50 : 0)
    })
    const server = await new Promise((resolve) => { const one = app.listen(0, '127.0.0.1', () => resolve(one)) })
    const load = `
      const http = require('node:http'); const agent = new http.Agent({ keepAlive: true, maxSockets: 30 }); let n = 0
      const one = () => http.get({ agent, port: ${server.address().port}, host: '127.0.0.1', path: '/' + n++ }, (response) => response.resume().on('end', one)).on('error', () => process.exit())
      for (let i = 0; i < 30; i++) one()`
    const child = spawn(process.execPath, ['-e', load], { stdio: 'ignore' })
    process.once('exit', () => child.kill('SIGKILL'))
    while (seen.size < 1000) await new Promise((resolve) => setTimeout(resolve, 20))
    return { app, server, seen, child }
  }
}

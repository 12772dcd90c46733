'use strict'

// One of everything that the language and Node have to offer.

const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks')
const { EventEmitter } = require('node:events')
const { createServer } = require('node:net')
const { PassThrough, Transform } = require('node:stream')
const zlib = require('node:zlib')

exports.allocations = true

const timers = []

exports.hold = async () => {
  const kept = []
  const storage = new AsyncLocalStorage()
  const emitter = new EventEmitter().setMaxListeners(0)
  kept.push(storage, emitter, globalThis, process, console, Reflect, Math, JSON, Atomics)
  for (let i = 0; i < 50; i++) {
    emitter.on('one', () => i)
    emitter.once(`event ${i}`, function named () { return this })
    timers.push(setTimeout(() => kept, 1e6 + i), setInterval(() => i, 1e6), setImmediate(() => {}))
    kept.push(new Promise(() => {}), Promise.resolve({ i }), new Promise(() => {}).then(() => i).finally(() => kept))
    Promise.reject(new Error(`rejected ${i}`)).catch((error) => kept.push(error))
    kept.push(storage.run({ request: i }, () => new AsyncResource('REQUEST')), storage.run({ i }, () => new Promise(() => {}).then(() => i)))
    kept.push((async () => { const local = { i }; await new Promise(() => {}); return local })())
    const generator = (function * () { const local = [i]; yield local; yield * local; return i })()
    generator.next()
    const later = (async function * () { yield i; await new Promise(() => {}) })()
    later.next()
    kept.push(generator, later, [i][Symbol.iterator](), new Map([[i, i]]).entries(), 'text'.matchAll(/t/g))
    const pattern = new RegExp(`pattern (${i})(?<named>x)?`, 'dgimsuy'.slice(0, i % 7))
    pattern.test(`pattern ${i}`)
    kept.push(pattern, Symbol(i), Symbol.for(`symbol ${i}`), BigInt(i) ** 50n, new Date(i), i / 7, Object(i), Object(true), Object('text'), Object(Symbol(i)))
    kept.push(new Proxy({ target: i }, { get: () => i }), new Proxy(() => {}, {}), Proxy.revocable({}, {}))
    kept.push(new TypeError(`error ${i}`, { cause: { i } }), new AggregateError([new Error('a')]), Object.assign(new Error('e'), { code: 'E' }))
    kept.push(new URL(`http://localhost/${i}?q=${i}`), new URLSearchParams({ i }), new Headers({ name: `value ${i}` }), new AbortController(), new Event('e'))
    kept.push((function () { return arguments })(i, {}), ((a) => () => a)({ i }), new Function('a', `return a + ${i}`), eval(`(() => ${i})`))
  }
  for (const Kind of [Intl.DateTimeFormat, Intl.NumberFormat, Intl.Collator, Intl.PluralRules, Intl.Segmenter]) kept.push(new Kind('en'))
  class Full {
    static #count = 0
    static { Full.#count++ }
    #field = {}
    accessor = 1
    get #private () { return this.#field }
    set field (value) { this.#field = value }
    static of (value) { return Object.assign(new Full(), { value, count: Full.#count, has: #field in this ? 1 : 0 }) }
    read () { return super.toString() + this.#private }
  }
  for (let i = 0; i < 20; i++) kept.push(Full.of(i))
  kept.push(new PassThrough(), new Transform(), zlib.createGzip(), createServer(), new MessageChannel(), new BroadcastChannel('one').unref(), new TextDecoder())
  kept.push(await import('node:path'), await import('./idle.js'))
  const { port1, port2 } = new MessageChannel()
  port1.postMessage({ waiting: true })
  kept.push(port1, port2, structuredClone(new Map([[{ a: 1 }, new Set([1])]])))
  kept.push(function tagged (strings) { return strings }`a${1}b`, new WeakRef(kept), Object.getOwnPropertyDescriptors(class {}))
  return kept
}

exports.change = (kept) => {
  kept.splice(20, 300)
  for (let i = 0; i < 300; i++) kept.push(new Promise(() => {}), () => i)
}

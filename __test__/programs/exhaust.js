'use strict'

// Grows one kind of thing until the heap is at its limit. Arguments: kind, folder of the images, options of `snapshots` as JSON.
// With kind `worker:KIND` a worker thread does, with a limit of its own, and the process reports how it ended. Without arguments:
// the kinds, one a line.

const { Worker, isMainThread } = require('node:worker_threads')

const [kind, dir, more = '{}'] = process.argv.slice(2)

class LeakedRecord {
  constructor (number) { this.number = number; this.parts = [number, number + 1] }
}

/** Where the image finds them: by a class that nobody else has. */
class Evidence {
  constructor () { this.kept = [] }
}

const evidence = new Evidence()
globalThis.evidence = evidence

const kinds = {
  objects () {
    evidence.kept = []
    for (let i = 0; ; i++) evidence.kept.push(new LeakedRecord(i))
  },
  map () {
    evidence.kept = new Map()
    for (let i = 0; ; i++) evidence.kept.set(i, { i })
  },
  set () {
    evidence.kept = new Set()
    for (let i = 0; ; i++) evidence.kept.add(`entry ${i}`)
  },
  dictionary () {
    evidence.kept = Object.create(null)
    for (let i = 0; ; i++) evidence.kept[`key ${i}`] = { i }
  },
  array () {
    evidence.kept = []
    for (let i = 0; ; i++) evidence.kept.push(i + 0.5)
  },
  strings () {
    for (let i = 0; ; i++) evidence.kept.push(`text number ${i} `.repeat(20).slice(1))
  },
  closures () {
    for (let i = 0; ; i++) evidence.kept.push(() => i + evidence.kept.length)
  },
  arrays () {
    for (let i = 0; ; i++) evidence.kept.push(new Array(1000).fill(i))
  },
  json () {
    const text = `[${'{"a":[1,2,3],"b":{"c":"d"}},'.repeat(1e5)}1]`
    for (;;) evidence.kept.push(JSON.parse(text))
  },
  split () {
    for (let i = 0; ; i++) evidence.kept.push(`x${i}`.repeat(100_000).split(''))
  },
  promises () {
    const again = (i) => { evidence.kept.push(Promise.resolve(i).then(() => again(i + 1))) }
    again(0)
  },
  timers () {
    for (let i = 0; ; i++) evidence.kept.push(setTimeout(() => i, 1e6))
  },
  symbols () {
    for (let i = 0; ; i++) evidence.kept.push(Symbol(`symbol ${i}`))
  },
  bigints () {
    for (let i = 1n; ; i++) evidence.kept.push(2n ** 4000n + i)
  },
  regexps () {
    for (let i = 0; ; i++) evidence.kept.push(new RegExp(`a${i}`))
  },
  generators () {
    function * count (i) { yield i }
    for (let i = 0; ; i++) { const one = count(i); one.next(); evidence.kept.push(one) }
  },
  weak () {
    const weak = evidence.weak = new WeakMap()
    for (let i = 0; ; i++) { const key = { i }; weak.set(key, { of: key }); evidence.kept.push(key) }
  },
  list () {
    for (let i = 0; ; i++) evidence.kept = { next: evidence.kept, i }
  },
  cons () {
    evidence.text = 'x'
    for (let i = 0; ; i++) { evidence.text = `${evidence.text}${i}`; evidence.kept.push(evidence.text) }
  },
  integers () {
    for (let i = 0; ; i++) evidence.kept.push(i)
  },
  holey () {
    for (let i = 0; ; i += 7) evidence.kept[i] = { i }
  },
  huge () {
    evidence.kept.push(new Array(100_000_000).fill({}))
  },
  'huge-from' () {
    evidence.kept.push(Array.from({ length: 50_000_000 }, (_, i) => ({ i })))
  },
  'fill-and-map' () {
    for (;;) evidence.kept.push(new Array(1e6).fill().map((_, i) => ({ i })))
  },
  ticks () {
    const again = () => { evidence.kept.push({}); process.nextTick(again) }
    again()
  },
  async () {
    const never = new Promise(() => {})
    const wait = async (own) => { await never; return own }
    for (let i = 0; ; i++) evidence.kept.push(wait({ i }))
  },
  stringify () {
    for (let i = 1; ; i++) {
      evidence.kept.push({ i, list: [i, i] })
      if (i % 20_000 === 0) evidence.kept.push(JSON.stringify(evidence.kept.slice(-5000)))
    }
  },
  matches () {
    for (let i = 0; ; i++) evidence.kept.push(/(\w+) (\w+) (\d+)/.exec(`some words ${i}`))
  },
  listeners () {
    const { EventEmitter } = require('node:events')
    evidence.emitter = new EventEmitter().setMaxListeners(0)
    for (let i = 0; ; i++) evidence.emitter.on('x', () => i)
  },
  errors () {
    for (let i = 0; ; i++) evidence.kept.push(new Error(`number ${i}`))
  },
  proxies () {
    for (let i = 0; ; i++) evidence.kept.push(new Proxy({ i }, {}))
  },
  dates () {
    for (let i = 0; ; i++) evidence.kept.push(new Date(i))
  },
  intl () {
    for (let i = 0; ; i++) evidence.kept.push(i % 200 === 0 ? new Intl.NumberFormat('de') : { i })
  },
  clones () {
    const one = { list: Array.from({ length: 200 }, (_, i) => ({ i })) }
    for (;;) evidence.kept.push(structuredClone(one))
  },
  sorted () {
    for (let i = 0; ; i++) evidence.kept.push([i, i % 7, i % 3].sort().concat(i))
  },
  async contexts () {
    const vm = require('node:vm')
    for (let i = 0; ; i++) {
      evidence.kept.push(vm.createContext({ i, list: Array.from({ length: 500 }, (_, i) => ({ i })) }))
      await new Promise((resolve) => setImmediate(resolve))
    }
  },
  async loop () {
    for (let i = 0; ; i++) {
      evidence.kept.push(new LeakedRecord(i))
      if (i % 5000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

if (!kind) {
  console.log([...Object.keys(kinds), 'worker:objects', 'worker:loop'].join('\n'))
} else if (isMainThread && kind.startsWith('worker:')) {
  const resourceLimits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 2 }
  const worker = new Worker(__filename, { argv: [kind.slice('worker:'.length), dir, more], resourceLimits })
  worker.once('error', ({ code }) => console.log(JSON.stringify({ code })))
} else {
  if (dir !== 'unwatched') {
    const { snapshots = {}, ...options } = JSON.parse(more)
    require('../..').watch({ interval: '1s', rules: [], ...options, snapshots: { dir, ...snapshots } })
  }
  kinds[kind]()
}

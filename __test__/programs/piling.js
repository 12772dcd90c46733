'use strict'

// Snapshots of heaps in which something piles up: node --expose-gc piling.js DIR KIND ROUNDS [OPTIONS as JSON]. Before each snapshot
// a thousand entries more. `hostile`: names that mean something to a terminal, a page or a ticket; `long`: very long ones.

const { EventEmitter } = require('node:events')
const { takeSnapshot } = require('../..')

const [dir, kind, rounds, options = '{}'] = process.argv.slice(2)
const ENTRIES = 1000

class Page {
  constructor (id) {
    this.url = `/page?id=${id}`
    this.body = `${'body '.repeat(200)}${id}`
  }
}

const cache = new Map()
const bus = new EventEmitter().setMaxListeners(0)
const recent = new Map()

const HOSTILE = '<script>alert(1)</script>[click](http://evil.example/)`code`\u001b[2J\u202e@somebody #1 ![x](http://evil.example/i.png) <img src=x onerror=alert(1)>\n# heading'
const Hostile = { [HOSTILE]: class { constructor (id) { this[HOSTILE] = `${'body '.repeat(200)}${id}` } } }[HOSTILE]
const long = (name, id) => `${name} ${id} ${'long '.repeat(180)}`

const kinds = {
  cache: (id) => cache.set(`/page?id=${id}`, new Page(id)),
  listeners (id) {
    const page = new Page(id)
    bus.on('update', () => page.url)
  },
  bounded (id) {
    recent.set(id, new Page(id))
    if (recent.size > ENTRIES) recent.delete(recent.keys().next().value)
  },
  nothing () {},
  hostile (id) {
    globalThis[HOSTILE] ??= new Map()
    globalThis[HOSTILE].set(`${HOSTILE}${id}`, new Hostile(id))
  },
  long (id) {
    let holder = globalThis
    for (let depth = 0; depth < 30; depth++) holder = holder[long(`level ${depth} of`, id % 10)] ??= {}
    holder.pages ??= []
    holder.pages.push({ [long('name', id % 10)]: `${'body '.repeat(2000)}${id}` })
  }
}

/** What a program would reach its heap by. */
module.exports = { get: (url) => cache.get(url), emit: (page) => bus.emit('update', page), recent: (id) => recent.get(id) }

async function main () {
  for (let round = 0; round < Number(rounds); round++) {
    for (let i = 0; i < ENTRIES; i++) kinds[kind](round * ENTRIES + i)
    globalThis.gc()
    const { path } = await takeSnapshot({ dir, trigger: kind, ...JSON.parse(options) })
    console.log(JSON.stringify({ path }))
  }
}
main()

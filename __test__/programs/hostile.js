'use strict'

// Two snapshots of a heap in which everything that has a name is called after what would do harm in a page, a ticket or a terminal:
// node --expose-gc hostile.js DIR NAMES as JSON. Of each name: a property of global, a Map, its keys, a class, its properties, a
// function, an event, the file of the script, a text that is there a hundred times.

const { EventEmitter } = require('node:events')
const vm = require('node:vm')
const { takeSnapshot } = require('../..')

const [dir, names] = process.argv.slice(2)
const ENTRIES = 400

/** A script of that name: V8 has the names of what is in it as they are written there. */
function script (name) {
  const text = JSON.stringify(name)
  const { [name]: Class, make, listener } = vm.runInThisContext(`({
    ${text}: class { constructor (id) { this[${text}] = ${text}.slice(0, 200) + ' body '.repeat(100) + id } },
    make () { return { ${text}: new Map() } },
    listener: (page) => ({ ${text}: function () { return page } })[${text}]
  })`, { filename: name })
  return { Class, make, listener }
}

const all = JSON.parse(names).map((name) => {
  const { Class, make, listener } = script(name)
  const { [name]: map } = make()
  const bus = new EventEmitter().setMaxListeners(0)
  globalThis[name] = { [name]: map }
  // A second holder, and listeners of one function.
  globalThis[`${name} also`] = { [name]: [] }
  globalThis[`${name} bus`] = bus
  // Large enough for a box of its own on the map.
  globalThis[`${name} own`] = Object.assign(new Class(0), { text: Buffer.alloc(30_000, 'x').toString() })
  const fill = (id) => {
    const entry = new Class(id)
    map.set(Buffer.from(`${name}${id}`).toString(), entry)
    globalThis[`${name} also`][name].push(entry)
    // Their place is the point of them, and of a file's name only the last part is shown.
    if (id % 4 === 0 && !name.includes('/')) bus.on(name, listener(new Class(id)))
  }
  return { name, fill, texts: Array.from({ length: 100 }, () => Buffer.from(`${name} twice`).toString()) }
})
globalThis.texts = all.map(({ texts }) => texts)

async function main () {
  for (let round = 0; round < 2; round++) {
    for (let id = 0; id < ENTRIES; id++) for (const { fill } of all) fill(round * ENTRIES + id)
    globalThis.gc()
    console.log(JSON.stringify({ path: (await takeSnapshot({ dir })).path }))
  }
}
main()

'use strict'

// Images of one process, with ids that match and without, into the folder that is given: in place, by a forked child, without ids, by a
// child again; and then of its heap limit. Says a line of JSON of each.

const { takeSnapshot, watch } = require('../..')

class Kept { constructor (number) { this.number = number } }

const dir = process.argv[2]
const make = (count) => Array.from({ length: count }, (_, number) => new Kept(number))
globalThis.kept = make(300)

async function image (options) {
  console.log(JSON.stringify(await takeSnapshot({ dir, form: 'image', maxPause: '1m', ...options })))
}

/** As many as before, a third of them others. */
const replace = () => { globalThis.kept = [...globalThis.kept.slice(100), ...make(100)] }

async function main () {
  await image({ mode: 'inline', stableIds: true })
  replace()
  await image({ mode: 'fork', stableIds: true })
  await image({ mode: 'fork' })
  await image({ mode: 'fork', stableIds: 'keep' })
  replace()
  watch({ rules: [], snapshots: { dir, keep: { count: 9 } } })
  const leak = globalThis.leak = []
  const on = () => { for (let i = 0; i < 5000; i++) leak.push({ i }); setImmediate(on) }
  on()
}

main()

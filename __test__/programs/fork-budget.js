'use strict'

// Teaches this process that snapshots are cheap, then takes a dear one: node fork-budget.js FOLDER

const { takeSnapshot } = require('../..')

const [dir] = process.argv.slice(2)
const say = (line) => console.log(JSON.stringify(line))
const small = () => Array.from({ length: 150_000 }, (_, i) => ({ i, list: [i] }))

async function attempt (options) {
  try {
    const { mode } = await takeSnapshot({ dir, mode: 'fork', form: 'snapshot', ...options })
    return { mode }
  } catch ({ code, message }) {
    return { code, message }
  }
}

async function main () {
  // Numbers side by side cost a snapshot next to nothing. Some objects, so that the child lives long enough
  // to be measured.
  global.kept = [small(), new Array(10_000_000).fill(0.5)]
  say({ type: 'cheap', ...await attempt({}) })
  // A collection between the two would show that nothing is left of the first heap, and what was learned of it would be forgotten.
  global.kept = small()
  global.gc()
  const refused = await attempt({ memoryBudget: 1000 })
  say({ type: 'refused', ...refused })
  // Between what it has been taught, 55 to 100 MiB by what was garbage in the first heap, and the truth, about 300.
  const taught = Number(/needs about ([\d.]+) MiB/.exec(refused.message)?.[1])
  say({ type: 'dear', heapUsed: process.memoryUsage().heapUsed, taught, ...await attempt({ memoryBudget: `${Math.ceil(taught * 1.5)}MiB` }) })
  global.kept = null
  global.gc()
  say({ type: 'small', ...await attempt({}) })
}

main()

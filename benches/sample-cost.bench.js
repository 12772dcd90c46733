'use strict'

// (c) What one sample takes from JavaScript's thread, in an idle process, where every wake-up is cold and dearest.
// Waking the loop has a price of its own, which differs from machine to machine: an empty timer pays it too. And
// what everybody does without us, process.memoryUsage() in a setInterval, is measured beside it.

const { median, program } = require('./lib/measure')

const INTERVAL_MS = 10
const KINDS = ['watch', 'timer', 'poll']

async function run ({ rounds, quick, note }) {
  const seconds = quick ? 2 : 4
  const costs = { watch: [], timer: [], poll: [] }
  const own = []
  for (let round = 0; round < rounds; round++) {
    const { ns: nothing } = await program('sample-cost', { kind: 'none', interval: INTERVAL_MS, seconds })
    for (const kind of KINDS) {
      const { ns, times } = await program('sample-cost', { kind, interval: INTERVAL_MS, seconds })
      costs[kind].push((ns - nothing) / times / 1000)
    }
    own.push(costs.watch.at(-1) - costs.timer.at(-1))
    note(`round ${round + 1}: ${KINDS.map((kind) => `${kind} ${costs[kind].at(-1).toFixed(1)} µs`).join(', ')}`)
  }
  return [
    { what: 'time of JavaScript\'s thread for a sample, beyond an empty timer\'s', value: median(own), unit: 'µs', atMost: 15 },
    { what: 'a sample / process.memoryUsage() in a timer, whole', value: median(costs.watch) / median(costs.poll), unit: '×' },
    { what: 'an empty timer, whole', value: median(costs.timer), unit: 'µs' }
  ]
}

module.exports = { name: 'sample-cost', title: 'what a sample takes from JavaScript\'s thread', run }

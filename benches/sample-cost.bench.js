'use strict'

// (c) What one sample takes from JavaScript's thread: an interrupt when it is busy, a wake-up of the loop when it
// is idle. The second costs time that nobody else wanted; the first is the one that slows a service down.

const { median, program } = require('./lib/measure')

const INTERVAL_MS = 10

async function cost (seconds, busy) {
  const without = await program('sample-cost', { interval: null, seconds, busy })
  const watched = await program('sample-cost', { interval: INTERVAL_MS, seconds, busy })
  if (watched.samples === 0) throw new Error('no sample was taken')
  return (watched.ns - without.ns) / watched.samples / 1000
}

async function run ({ rounds, quick, note }) {
  const seconds = quick ? 2 : 5
  const costs = { busy: [], idle: [] }
  for (let round = 0; round < rounds; round++) {
    for (const kind of ['busy', 'idle']) costs[kind].push(await cost(seconds, kind === 'busy'))
    note(`round ${round + 1}: busy ${costs.busy.at(-1).toFixed(1)} µs, idle ${costs.idle.at(-1).toFixed(1)} µs`)
  }
  return [
    { what: 'time of JavaScript\'s thread per sample, busy', value: median(costs.busy), unit: 'µs', atMost: 15 },
    { what: 'time of JavaScript\'s thread per sample, idle', value: median(costs.idle), unit: 'µs' }
  ]
}

module.exports = { name: 'sample-cost', title: 'what a sample takes from JavaScript\'s thread', run }

'use strict'

// (c) What one sample takes from JavaScript's thread, with an idle event loop, which it has to wake: the dear case.

const { median, program } = require('./lib/measure')

async function run ({ rounds, quick, note }) {
  const seconds = quick ? 2 : 5
  const costs = []
  for (let round = 0; round < rounds; round++) {
    const without = await program('sample-cost', { interval: null, seconds })
    const watched = await program('sample-cost', { interval: 10, seconds })
    if (watched.samples === 0) throw new Error('no sample was taken')
    costs.push((watched.cpuNs - without.cpuNs) / watched.samples / 1000)
    note(`round ${round + 1}: ${watched.samples} samples, ${costs.at(-1).toFixed(1)} µs each`)
  }
  return [{ what: 'time of JavaScript\'s thread per sample', value: median(costs), unit: 'µs', atMost: 15 }]
}

module.exports = { name: 'sample-cost', title: 'what a sample takes from JavaScript\'s thread', run }

'use strict'

// (d) How soon a breach is found while the event loop is blocked, in intervals.

const { median, program } = require('./lib/measure')

async function run ({ rounds, quick, note }) {
  const results = []
  for (const interval of quick ? [100] : [50, 100, 500]) {
    const delays = []
    for (let round = 0; round < rounds; round++) {
      const { delayMs, blockedMs } = await program('blocked', { interval, above: 30e6 })
      delays.push(delayMs / interval)
      note(`round ${round + 1}: at ${interval} ms found after ${delayMs.toFixed(1)} ms, blocked for ${Math.round(blockedMs)} ms`)
    }
    results.push(
      { what: `detection while blocked, interval ${interval} ms, median`, value: median(delays), unit: 'intervals', atMost: 2 },
      { what: `detection while blocked, interval ${interval} ms, worst`, value: Math.max(...delays), unit: 'intervals' }
    )
  }
  return results
}

module.exports = { name: 'blocked', title: 'how soon a breach is found while the event loop is blocked', run }

'use strict'

// (c) Express under load with a monitor at 1 s, at 100 ms and without. The three servers are measured in turn,
// the other two standing still (SIGSTOP), so that neither drift nor an idle neighbour's monitor decides.

const { saturate, start } = require('./lib/load')
const { median } = require('./lib/measure')

const kinds = { none: null, '1 s': '1s', '100 ms': '100ms' }

/** The others stand still meanwhile. */
async function load ({ child, url }, seconds) {
  child.kill('SIGCONT')
  const figures = await saturate(url, seconds)
  child.kill('SIGSTOP')
  return figures
}

async function run ({ rounds, quick, note }) {
  const seconds = quick ? 2 : 8
  const servers = {}
  const measured = []
  try {
    for (const [kind, interval] of Object.entries(kinds)) {
      servers[kind] = await start('server', { interval })
      await load(servers[kind], Math.min(seconds, 3)) // compiled before it is measured
    }
    for (let round = 0; round < rounds; round++) {
      const figures = {}
      const order = Object.keys(kinds)
      for (let i = 0; i < order.length; i++) {
        const kind = order[(i + round) % order.length]
        figures[kind] = await load(servers[kind], seconds)
      }
      note(`round ${round + 1}: ${order.map((kind) => `${kind}: ${Math.round(figures[kind].throughput)}/s, p99 ${figures[kind].p99.toFixed(2)} ms`).join('; ')}`)
      measured.push(figures)
    }
  } finally {
    for (const { child } of Object.values(servers)) child.kill('SIGKILL')
  }
  return ['1 s', '100 ms'].flatMap((kind) => [
    { what: `throughput, monitor at ${kind} / none`, value: median(measured.map((m) => m[kind].throughput / m.none.throughput)), unit: '×', atLeast: 0.99 },
    { what: `p99 latency, monitor at ${kind} / none`, value: median(measured.map((m) => m[kind].p99 / m.none.p99)), unit: '×', atMost: 1.02 }
  ])
}

module.exports = { name: 'express', title: 'Express under load with a monitor and without', run }

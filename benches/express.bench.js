'use strict'

// (c) Express under load with a monitor at 1 s, at 100 ms and without. The three servers are measured in turn,
// the other two standing still (SIGSTOP), so that neither drift nor an idle neighbour's monitor decides.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const autocannon = require('autocannon')
const { median } = require('./lib/measure')

const kinds = { none: null, '1 s': '1s', '100 ms': '100ms' }

async function start (interval) {
  const child = spawn(process.execPath, [join(__dirname, 'programs', 'server.js'), JSON.stringify({ interval })], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([status]) => { throw new Error(`the server exited with status ${status}`) })
  ])
  return { child, url: `http://127.0.0.1:${JSON.parse(line).port}/` }
}

async function load ({ child, url }, seconds) {
  child.kill('SIGCONT')
  const times = []
  const instance = autocannon({ url, connections: 50, duration: seconds })
  // Autocannon's own percentiles are whole milliseconds: too coarse for a goal of 2 %.
  instance.on('response', (_client, _status, _bytes, ms) => times.push(ms))
  const result = await instance
  child.kill('SIGSTOP')
  if (result.errors + result.non2xx > 0) throw new Error(`${result.errors + result.non2xx} requests failed`)
  times.sort((a, b) => a - b)
  return { throughput: result['2xx'] / result.duration, p99: times[Math.floor(times.length * 0.99)] }
}

async function run ({ rounds, quick, note }) {
  const seconds = quick ? 2 : 8
  const servers = {}
  const measured = []
  try {
    for (const [kind, interval] of Object.entries(kinds)) {
      servers[kind] = await start(interval)
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

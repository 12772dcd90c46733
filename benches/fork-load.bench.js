'use strict'

// What clients of an Express server feel of a capture by fork: the same server, in turn with and without.
// Latency under a steady load below what the server can do, for as long as the capture takes; throughput under
// as much as comes through, from the fork on. Server, load and child share the machine's cores.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { saturate, start, steady } = require('./lib/load')
const { median } = require('./lib/measure')

const RATE = 300

async function order (url) {
  const response = await fetch(`${url}snapshot`, { method: 'POST' })
  if (!response.ok) throw new Error(`no snapshot: ${await response.text()}`)
  return response.json()
}

async function latency (url, seconds) {
  const captured = order(url)
  const during = await steady(url, RATE, captured)
  const info = await captured
  // As long as the capture took, so that both have as many requests; but the first seconds tell enough.
  const without = await steady(url, RATE, sleep(Math.max(seconds * 1000, info.durationMs)))
  return { during, without, pauseMs: info.pauseMs }
}

async function throughput (url, seconds) {
  const without = await saturate(url, seconds)
  const captured = order(url)
  const during = await saturate(url, seconds)
  await captured
  return { during, without }
}

async function run ({ rounds, quick, note }) {
  const seconds = quick ? 2 : 8
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  const steadily = []
  const fully = []
  let server
  try {
    server = await start('captured-server', { megabytes: quick ? 5 : 100, dir })
    await saturate(server.url, Math.min(seconds, 3)) // compiled before it is measured
    for (let round = 0; round < rounds; round++) {
      const calm = await latency(server.url, seconds)
      steadily.push(calm)
      note(`round ${round + 1}: ${RATE}/s, p99 ${calm.during.p99.toFixed(2)} ms (longest ${calm.during.longest.toFixed(1)}) during, ` +
        `${calm.without.p99.toFixed(2)} ms (longest ${calm.without.longest.toFixed(1)}) without, paused ${calm.pauseMs.toFixed(1)} ms`)
      const busy = await throughput(server.url, seconds)
      fully.push(busy)
      note(`round ${round + 1}: at most ${Math.round(busy.during.throughput)}/s, p99 ${busy.during.p99.toFixed(2)} ms during, ` +
        `${Math.round(busy.without.throughput)}/s, p99 ${busy.without.p99.toFixed(2)} ms without`)
    }
  } finally {
    server?.child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
  const ratio = (all, figure) => median(all.map(({ during, without }) => figure(during) / figure(without)))
  return [
    { what: `p99 latency at ${RATE}/s, during a capture by fork / without`, value: ratio(steadily, (one) => one.p99), unit: '×', atMost: 3 },
    { what: 'throughput at full load, during a capture by fork / without', value: ratio(fully, (one) => one.throughput), unit: '×', atLeast: 0.8 },
    { what: 'p99 latency at full load, during a capture by fork / without', value: ratio(fully, (one) => one.p99), unit: '×' }
  ]
}

module.exports = { name: 'fork-load', title: 'Express during a capture by fork', run }

'use strict'

// A snapshot by a forked child against v8.writeHeapSnapshot() of the same heap, each in a fresh process, in turn;
// and against the least that forking can cost, a bare fork(2) of the same process.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { compileBareFork, watchChildren } = require('./lib/children')
const { median, program } = require('./lib/measure')

async function once (how, input) {
  let most
  // V8 collects the garbage of a process that idles for a minute: at 1 GB a gap of nearly a second, with a capture or not.
  const flags = ['--max-old-space-size=8192', '--expose-gc', '--no-memory-reducer']
  const result = await program('fork', { how, ...input }, flags, ({ pid }) => { most = watchChildren(pid, 200) })
    .finally(() => most?.())
  rmSync(result.path)
  return { ...result, privateMemory: most() }
}

async function pairs (megabytes, rounds, input, note) {
  const out = []
  for (let round = 0; round < rounds; round++) {
    const pair = {}
    // Who goes first changes: the second finds warm caches.
    for (const how of round % 2 ? ['v8', 'fork'] : ['fork', 'v8']) pair[how] = await once(how, { ...input, megabytes })
    const { fork, v8 } = pair
    note(`${megabytes} MB, round ${round + 1}: paused ${fork.pauseMs.toFixed(1)} ms, longest gap ${fork.gapMs.toFixed(1)} (${fork.idleGapMs.toFixed(1)} without), ` +
      `bare fork ${fork.bareForkMs?.toFixed(1) ?? '?'}, v8 ${Math.round(v8.pauseMs)}; took ${Math.round(fork.wallMs)} ms (${fork.cpuMs} of CPU), ` +
      `v8 ${Math.round(v8.wallMs)} (${Math.round(v8.cpuMs)}); private ${Math.round(fork.privateMemory / 1e6)} MB, v8 ${Math.round((v8.peakRss - v8.rssBefore) / 1e6)}; attempts ${fork.attempts}`)
    out.push(pair)
  }
  return out
}

function results (megabytes, all, goal) {
  const of = (figure) => median(all.map(figure))
  const size = megabytes < 1000 ? `${megabytes} MB` : `${megabytes / 1000} GB`
  const bare = all[0].fork.bareForkMs === null
    ? []
    : [{ what: `${size}: pause / bare fork`, value: of(({ fork }) => fork.pauseMs / fork.bareForkMs), unit: '×', atMost: 1.5 }]
  return [
    // Other processes on the machine only ever add to times, and the child yields to all of them: hence also the best.
    { what: `${size}: pause of v8.writeHeapSnapshot() / pause`, value: of(({ fork, v8 }) => v8.pauseMs / fork.pauseMs), unit: '×', atLeast: goal },
    { what: `${size}: the same / longest gap of a 1 ms timer`, value: of(({ fork, v8 }) => v8.pauseMs / fork.gapMs), unit: '×', atLeast: goal },
    ...bare,
    { what: `${size}: rss after / before`, value: of(({ fork }) => fork.rssAfter / fork.rssBefore), unit: '×', atMost: 1.02 },
    { what: `${size}: rss after / before, v8.writeHeapSnapshot()`, value: of(({ v8 }) => v8.rssAfter / v8.rssBefore), unit: '×' },
    { what: `${size}: the child's private memory / what V8 needs in-process`, value: of(({ fork, v8 }) => fork.privateMemory / (v8.peakRss - v8.rssBefore)), unit: '×', atMost: 1.1 },
    { what: `${size}: total time / v8.writeHeapSnapshot()`, value: of(({ fork, v8 }) => fork.wallMs / v8.wallMs), unit: '×', atMost: 1.1 },
    { what: `${size}: total time / v8.writeHeapSnapshot(), best rounds`, value: Math.min(...all.map(({ fork }) => fork.wallMs)) / Math.min(...all.map(({ v8 }) => v8.wallMs)), unit: '×' },
    { what: `${size}: CPU time / v8.writeHeapSnapshot()`, value: of(({ fork, v8 }) => fork.cpuMs / v8.cpuMs), unit: '×' }
  ]
}

async function run ({ rounds, quick, large, note }) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  try {
    const input = { dir, addon: compileBareFork(dir, note) }
    const megabytes = quick ? 5 : 100
    const out = results(megabytes, await pairs(megabytes, rounds, input, note), quick ? undefined : 200)
    if (large) out.push(...results(1000, await pairs(1000, Math.min(rounds, 3), input, note), 500))
    return out
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

module.exports = { name: 'fork', title: 'a snapshot by a forked child against v8.writeHeapSnapshot() of the same heap', run }

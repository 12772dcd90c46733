'use strict'

// (a) An inline snapshot against v8.writeHeapSnapshot() of the same heap, each in a fresh process, in turn.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { median, program } = require('./lib/measure')

async function run ({ rounds, quick, note }) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  const pairs = []
  try {
    for (let round = 0; round < rounds; round++) {
      const pair = {}
      // Who goes first changes: the second finds warm caches.
      for (const how of round % 2 ? ['v8', 'inline'] : ['inline', 'v8']) {
        pair[how] = await program('snapshot', { how, megabytes: quick ? 5 : 50, dir })
        rmSync(pair[how].path)
      }
      note(`round ${round + 1}: inline ${Math.round(pair.inline.wallMs)} ms, v8 ${Math.round(pair.v8.wallMs)} ms, JSON ${(pair.inline.rawBytes / 1e6).toFixed(1)} MB`)
      pairs.push(pair)
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  const of = (figure) => median(pairs.map(figure))
  return [
    { what: 'wall time, inline / v8.writeHeapSnapshot()', value: of(({ inline, v8 }) => inline.wallMs / v8.wallMs), unit: '×', atMost: 1.05 },
    { what: 'pause, inline / v8.writeHeapSnapshot()', value: of(({ inline, v8 }) => inline.pauseMs / v8.pauseMs), unit: '×' },
    { what: 'file / JSON', value: of(({ inline }) => inline.bytes / inline.rawBytes), unit: '×', atMost: 0.1 },
    { what: 'peak rss, inline − v8.writeHeapSnapshot()', value: of(({ inline, v8 }) => (inline.peakRss - v8.peakRss) / 1e6), unit: 'MB', atMost: 16 }
  ]
}

module.exports = { name: 'snapshot', title: 'an inline snapshot against v8.writeHeapSnapshot() of the same heap', run }

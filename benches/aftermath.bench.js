'use strict'

// (b) What a snapshot costs after it: V8 goes on tracking objects unless it is told to stop.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { median, program } = require('./lib/measure')

async function run ({ rounds, quick, note }) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  const ratios = { inline: [], fork: [], v8: [] }
  try {
    for (let round = 0; round < rounds; round++) {
      for (const how of Object.keys(ratios)) {
        const { before, after, path } = await program('aftermath', { how, megabytes: quick ? 5 : 20, loops: quick ? 2 : 5, dir })
        rmSync(path)
        ratios[how].push(after / before)
        note(`round ${round + 1}: ${how} ${Math.round(before)} ms before, ${Math.round(after)} ms after`)
      }
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  return [
    { what: 'GC-heavy loop, after an inline snapshot / before', value: median(ratios.inline), unit: '×', atMost: 1.1 },
    { what: 'GC-heavy loop, after a snapshot by fork / before', value: median(ratios.fork), unit: '×', atMost: 1.05 },
    { what: 'GC-heavy loop, after v8.writeHeapSnapshot() / before', value: median(ratios.v8), unit: '×' }
  ]
}

module.exports = { name: 'aftermath', title: 'a GC-heavy loop before and after a snapshot', run }

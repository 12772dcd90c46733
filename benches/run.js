#!/usr/bin/env node
'use strict'

// `npm run bench`: what JavaScript feels of heapwarden, as ratios measured within one run, since absolute
// times say more about the machine. Each *.bench.js exports { name, title, run } and gives lines of results.

const { readdirSync } = require('node:fs')
const { cpus, loadavg } = require('node:os')
const { join } = require('node:path')
const { commandLine } = require('../scripts/base/command-line')

const USAGE = `usage: node benches/run.js [--only NAME] [--rounds N] [--quick] [--large] [--json]

  --only NAME   this bench only; may be repeated
  --rounds N    measurements of each kind (default 7); the result is their median
  --quick       small heaps, short runs, 3 rounds: whether it works, not how well
  --large       a heap of 1 GB as well, where size matters: minutes, and 10 GB of memory`

const OPTIONS = {
  only: { type: 'string', multiple: true, default: [] },
  rounds: { type: 'string' },
  quick: { type: 'boolean', default: false },
  large: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false }
}

function verdict ({ value, atMost, atLeast }) {
  if (atMost === undefined && atLeast === undefined) return ''
  const reached = atMost === undefined ? value >= atLeast : value <= atMost
  return `${atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`}  ${reached ? 'reached' : 'MISSED'}`
}

async function main () {
  const { values: given, count } = commandLine(USAGE, { options: OPTIONS })
  const rounds = count('--rounds', given.rounds ?? (given.quick ? 3 : 7))
  const benches = readdirSync(__dirname).filter((name) => name.endsWith('.bench.js')).sort()
    .map((name) => require(join(__dirname, name)))
    .filter(({ name }) => given.only.length === 0 || given.only.includes(name))

  const all = []
  // Progress is no result: --json keeps stdout for those.
  const note = (text) => process.stderr.write(`   ${text}\n`)
  console.error(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${rounds} rounds, load average ${loadavg()[0].toFixed(1)}`)
  for (const { name, title, run } of benches) {
    console.error(`\n== ${name}: ${title}`)
    let results
    try {
      results = await run({ rounds, quick: given.quick, large: given.large, note })
    } catch (error) {
      console.error(`   FAILED: ${error.message}`)
      process.exitCode = 1
      continue
    }
    for (const result of results) {
      all.push({ bench: name, ...result })
      if (!given.json) console.log(`   ${result.what.padEnd(68)} ${`${result.value.toFixed(3)} ${result.unit}`.padStart(14)}  ${verdict(result)}`)
    }
  }
  if (given.json) console.log(JSON.stringify({ node: process.version, rounds, results: all }, null, 2))
}

main()

#!/usr/bin/env node
'use strict'

// Takes many snapshots by fork under load on each Node version that is supported.

const { commandLine } = require('./base/command-line')
const { runInGroup, scratchFolder } = require('./base/undo')
const { MAJORS, nodeBinary } = require('./test/nodes')

const USAGE = `usage: node scripts/fork-soak.js [COUNT]

COUNT snapshots on each version, 100 if it is not given. Exit status 1 if one was not as it should be.`

/** The value below which `share` of the sorted `values` lie. */
const percentile = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))]

function describe ({ captures, faults, hung }, count) {
  const pauses = captures.map(({ info }) => info.pauseMs).sort((a, b) => a - b)
  const attempts = [1, 2, 3].map((n) => captures.filter(({ info }) => info.attempts === n).length)
  const pause = [0.5, 0.9, 0.99, 1].map((share) => percentile(pauses, share)?.toFixed(1)).join(' / ')
  const seconds = captures.reduce((sum, { info }) => sum + info.durationMs, 0) / captures.length / 1000
  return `Node ${process.versions.node}: ${count - faults.length} of ${count} valid, ${hung} hung; ` +
    `${attempts.join(' / ')} at the 1st / 2nd / 3rd attempt; ` +
    `pause ${pause} ms (p50 / p90 / p99 / max); ${seconds.toFixed(1)} s each`
}

/** In the Node version to be tested. */
async function here (dir, count) {
  const { load } = require('../__test__/support/load')
  const result = await load(dir, count)
  console.log(describe(result, count))
  for (const fault of result.faults) console.log(`  ${fault}`)
  process.exitCode = result.faults.length > 0 ? 1 : 0
}

async function main () {
  const { values, operands, count: whole } = commandLine(USAGE, { options: { here: { type: 'string' } }, operands: 1 })
  const count = whole('COUNT', operands[0] ?? 100)
  if (values.here) return here(values.here, count)
  for (const major of MAJORS) {
    const { dir, remove } = scratchFolder('heapwarden-soak-')
    const { status } = await runInGroup(await nodeBinary(major), [__filename, '--here', dir, count], { stdio: 'inherit' })
    remove()
    if (status !== 0) process.exitCode = 1
  }
}

main()

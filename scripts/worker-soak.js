#!/usr/bin/env node
'use strict'

// Takes many snapshots of a worker beside a main thread that allocates, on each Node version that is supported.

const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { runInGroup, scratchFolder } = require('./base/undo')
const { MAJORS, nodeBinary } = require('./test/nodes')

const USAGE = `usage: node scripts/worker-soak.js [COUNT]

COUNT snapshots on each version, 100 if it is not given. Exit status 1 if one was not taken at the first attempt.`
const PROGRAM = path.join(__dirname, '..', '__test__', 'programs', 'beside.js')

async function main () {
  const { operands, count: whole } = commandLine(USAGE, { operands: 1 })
  const count = whole('COUNT', operands[0] ?? 100)
  for (const major of MAJORS) {
    const { dir, remove } = scratchFolder('heapwarden-soak-')
    const { stdout, status } = await runInGroup(await nodeBinary(major), [PROGRAM, dir, String(count)])
    remove()
    const taken = stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line))
    const attempts = [1, 2, 3].map((n) => taken.filter((one) => one.attempts === n).length)
    console.log(`Node ${major}: ${attempts.join(' / ')} of ${count} at the 1st / 2nd / 3rd attempt, exit status ${status}`)
    for (const { code, message } of taken.filter((one) => one.code)) console.log(`  ${code}: ${message}`)
    if (attempts[0] !== count || status !== 0) process.exitCode = 1
  }
}

main()

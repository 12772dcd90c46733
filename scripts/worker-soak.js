#!/usr/bin/env node
'use strict'

// Takes many snapshots of a worker beside a main thread that allocates, on each Node version that is supported:
// node scripts/worker-soak.js [COUNT]. COUNT is for each version, 100 if it is not given. Exit status 1 if one was not
// taken at the first attempt.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { MAJORS, nodeBinary } = require('./test/nodes')

const PROGRAM = path.join(__dirname, '..', '__test__', 'programs', 'beside.js')

async function main () {
  const count = Number(process.argv[2] ?? 100)
  for (const major of MAJORS) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-soak-'))
    const { stdout, status } = spawnSync(await nodeBinary(major), [PROGRAM, dir, String(count)], { encoding: 'utf8' })
    fs.rmSync(dir, { recursive: true })
    const taken = stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line))
    const attempts = [1, 2, 3].map((n) => taken.filter((one) => one.attempts === n).length)
    console.log(`Node ${major}: ${attempts.join(' / ')} of ${count} at the 1st / 2nd / 3rd attempt, exit status ${status}`)
    for (const { code, message } of taken.filter((one) => one.code)) console.log(`  ${code}: ${message}`)
    if (attempts[0] !== count || status !== 0) process.exitCode = 1
  }
}

main()

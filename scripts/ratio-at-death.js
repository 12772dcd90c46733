'use strict'

// Runs heaps of several sizes to their end and prints heapUsedRatio in the last sample before: near 1, whatever the size.

const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { runInGroup } = require('./base/undo')

const USAGE = `usage: node scripts/ratio-at-death.js [MIB…]

Heaps of 64, 128, 512 and 2048 MiB if no sizes are given. The Node that runs this is the one that is looked at.`
const program = path.join(__dirname, '..', '__test__', 'programs', 'ratio.js')

async function main () {
  const { operands, count } = commandLine(USAGE, { operands: Infinity })
  const sizes = operands.length > 0 ? operands.map((text) => count('MIB', text)) : [64, 128, 512, 2048]
  for (const size of sizes) {
    const args = [`--max-old-space-size=${size}`, program, size * 2000, 'main']
    const { stdout, signal, status } = await runInGroup(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: 600_000 })
    const { heapUsedRatio, heapLimit } = JSON.parse(stdout.trim().split('\n').at(-1))
    console.log(`${process.version} ${size} MiB: ${heapUsedRatio.toFixed(3)} of ${heapLimit / 2 ** 20} MiB (${signal ?? status})`)
  }
}

main()

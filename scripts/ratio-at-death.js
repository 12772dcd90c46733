'use strict'

// Runs heaps of several sizes to their end and prints heapUsedRatio in the last sample before: near 1, whatever the size.
// node scripts/ratio-at-death.js [MiB…]; the Node that runs this is the one that is looked at.

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const program = path.join(__dirname, '..', '__test__', 'programs', 'ratio.js')
const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [64, 128, 512, 2048]

for (const size of sizes) {
  const args = [`--max-old-space-size=${size}`, program, size * 2000, 'main']
  const { stdout, signal, status } = spawnSync(process.execPath, args, { maxBuffer: 1e9, encoding: 'utf8', timeout: 600_000 })
  const { heapUsedRatio, heapLimit } = JSON.parse(stdout.trim().split('\n').at(-1))
  console.log(`${process.version} ${size} MiB: ${heapUsedRatio.toFixed(3)} of ${heapLimit / 2 ** 20} MiB (${signal ?? status})`)
}

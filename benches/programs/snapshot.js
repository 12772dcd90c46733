'use strict'

// One snapshot of a heap of known shape: { how: 'v8' | 'inline', megabytes, dir }
// → { wallMs, pauseMs, bytes, rawBytes, peakRss }, bytes.

const { readFileSync, statSync } = require('node:fs')
const { join } = require('node:path')
const v8 = require('node:v8')
const { takeSnapshot } = require('../..') // loaded in both cases, so that both heaps are the same
const { fill } = require('../lib/heap')

const { how, megabytes, dir } = JSON.parse(process.argv[2])
const kept = fill(megabytes)

/** The most that was ever resident; `resourceUsage().maxRSS` would also count the parent before exec. */
const peakRss = () => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024

async function main () {
  const begun = performance.now()
  if (how === 'v8') {
    const path = v8.writeHeapSnapshot(join(dir, `${process.pid}.heapsnapshot`))
    const wallMs = performance.now() - begun
    const bytes = statSync(path).size
    return { path, wallMs, pauseMs: wallMs, bytes, rawBytes: bytes }
  }
  const { path, bytes, rawBytes, pauseMs, mode } = await takeSnapshot({ dir, mode: 'inline' })
  if (mode !== 'inline') throw new Error(`the snapshot's mode is ${mode}: there is nothing to measure on this path`)
  return { path, wallMs: performance.now() - begun, pauseMs, bytes, rawBytes }
}

main().then((result) => console.log(JSON.stringify({ ...result, peakRss: peakRss(), kept: kept.size })))

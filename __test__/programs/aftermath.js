'use strict'

// How long a GC-heavy loop takes before and after a snapshot, in ms: node aftermath.js heapwarden|v8 FOLDER

const path = require('node:path')
const v8 = require('node:v8')

const [kind, dir] = process.argv.slice(2)
const ROUNDS = 5

// Survivors that the collector moves: what V8 goes on tracking after a snapshot of its own.
function loop () {
  const begin = performance.now()
  let kept = []
  for (let i = 0; i < 600_000; i++) {
    kept.push({ i, next: { i } })
    if (kept.length > 50_000) kept = []
  }
  return performance.now() - begin
}

/** The best of some: what others do to the machine only ever makes it slower. */
function measure () {
  return Math.min(...Array.from({ length: ROUNDS }, loop))
}

const takers = {
  v8: async () => v8.writeHeapSnapshot(path.join(dir, 'v8.heapsnapshot')),
  heapwarden: () => require('../..').takeSnapshot({ dir }),
  stable: () => require('../..').takeSnapshot({ dir, stableIds: true })
}

async function main () {
  measure()
  const before = measure()
  await takers[kind]()
  const after = measure()
  console.log(JSON.stringify({ before, after, ratio: after / before }))
}

main()

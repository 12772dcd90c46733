'use strict'

// What a GC-heavy loop costs before and after a snapshot, in ms of processor time: node aftermath.js KIND FOLDER

const path = require('node:path')
const v8 = require('node:v8')

const [kind, dir] = process.argv.slice(2)
const ROUNDS = 5

// Part of what V8 goes on tracking after a snapshot of its own.
global.kept = Array.from({ length: 100_000 }, (_, i) => ({ i, text: `entry ${i}` }))

/** Objects that live just long enough to be moved by the collector. */
function loop () {
  const begin = process.cpuUsage()
  const window = new Array(20_000)
  for (let i = 0; i < 1_000_000; i++) window[i % window.length] = { i, pair: [i, i] }
  const { user, system } = process.cpuUsage(begin)
  return (user + system) / 1000
}

/** The best of some: what others do to the machine only ever makes it slower. */
function measure () {
  return Math.min(...Array.from({ length: ROUNDS }, loop))
}

const takers = {
  v8: async () => v8.writeHeapSnapshot(path.join(dir, 'v8.heapsnapshot')),
  inline: () => require('../..').takeSnapshot({ dir, mode: 'inline' }),
  auto: () => require('../..').takeSnapshot({ dir }),
  stable: () => require('../..').takeSnapshot({ dir, stableIds: true, mode: 'inline' })
}

async function main () {
  measure()
  const before = measure()
  await takers[kind]()
  // The collection before a snapshot shrinks the young generation; that passes.
  measure()
  const after = measure()
  console.log(JSON.stringify({ before, after, ratio: after / before }))
}

main()

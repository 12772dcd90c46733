'use strict'

// How a garbage-collection-heavy loop runs before and after a snapshot: { how: 'v8' | 'inline' | 'fork', megabytes, loops, dir }
// → { before, after }, milliseconds of the median loop.

const { join } = require('node:path')
const v8 = require('node:v8')
const { takeSnapshot } = require('../..')
const { fill } = require('../lib/heap')
const { median } = require('../lib/measure')

const { how, megabytes, loops, dir } = JSON.parse(process.argv[2])
const kept = fill(megabytes)

/** Makes objects that live just long enough to be moved. */
function churn () {
  const window = new Array(20_000)
  for (let i = 0; i < 5_000_000; i++) window[i % window.length] = { i, pair: [i, i] }
  return window.length
}

function time () {
  const times = []
  for (let i = 0; i < loops; i++) {
    const begun = performance.now()
    churn()
    times.push(performance.now() - begun)
  }
  return median(times)
}

async function main () {
  churn() // compiled before it is measured
  const before = time()
  const path = how === 'v8'
    ? v8.writeHeapSnapshot(join(dir, `${process.pid}.heapsnapshot`))
    : (await takeSnapshot({ dir, mode: how })).path
  return { before, after: time(), path, kept: kept.size }
}

main().then((result) => console.log(JSON.stringify(result)))

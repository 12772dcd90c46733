'use strict'

// Time of JavaScript's thread for samples: { interval (ms) or null, seconds, busy } → { ns, samples }.
// Idle: what the kernel says the thread has run. Busy: the gaps in a loop that does nothing but look at the clock.

const { readFileSync } = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')

const { interval, seconds, busy } = JSON.parse(process.argv[2])
const monitor = interval && require('../..').watch({ interval, history: 100_000, rules: [] })

/** Nanoseconds that the main thread has run: only here the kernel counts finer than its ticks. */
const ranFor = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0])

async function idle () {
  const from = ranFor()
  await sleep(seconds * 1000)
  return ranFor() - from
}

/** Longer gaps are another process's turn on this core, shorter ones are the clock itself. */
const SHORTEST_MS = 0.002
const LONGEST_MS = 0.05

function spin (ms) {
  let gaps = 0
  const end = performance.now() + ms
  for (let last = performance.now(); last < end;) {
    const now = performance.now()
    const gap = now - last
    if (gap > SHORTEST_MS && gap < LONGEST_MS) gaps += gap
    last = now
  }
  return gaps * 1e6
}

async function main () {
  if (busy) spin(200) // compiled before it is measured
  await sleep(1000) // what starting costs is another question
  const before = monitor?.history().length ?? 0
  const ns = busy ? spin(seconds * 1000) : await idle()
  return { ns, samples: (monitor?.history().length ?? 0) - before }
}

main().then((result) => console.log(JSON.stringify(result)))

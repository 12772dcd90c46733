'use strict'

// Time that the main thread runs for something done every `interval` ms: { kind, interval, seconds } → { ns, times }.
// Kinds: 'none', 'timer' (empty), 'poll' (a timer that calls process.memoryUsage()), 'watch' (a monitor).

const { readFileSync } = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')

const { kind, interval, seconds } = JSON.parse(process.argv[2])

let times = 0
let monitor
if (kind === 'watch') {
  monitor = require('../..').watch({ interval, history: 100_000, rules: [{ name: 'never', metric: 'rss', above: '1TB' }] })
} else if (kind !== 'none') {
  setInterval(() => {
    times++
    if (kind === 'poll') process.memoryUsage()
  }, interval).unref()
}

/** Nanoseconds that the main thread has run: only here the kernel counts finer than its ticks. */
const ranFor = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0])
const done = () => monitor ? monitor.history().length : times

async function main () {
  await sleep(1000) // what starting costs is another question
  const [before, from] = [done(), ranFor()]
  await sleep(seconds * 1000)
  const ns = ranFor() - from
  console.log(JSON.stringify({ ns, times: done() - before }))
}

main()

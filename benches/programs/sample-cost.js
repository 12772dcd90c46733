'use strict'

// Time of JavaScript's thread for a sample: { interval (ms) or null, seconds } → { cpuNs, samples }.

const { readFileSync } = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')

const { interval, seconds } = JSON.parse(process.argv[2])
const monitor = interval && require('../..').watch({ interval, history: 100_000, rules: [] })

/** Nanoseconds that the main thread has run: only here the kernel counts finer than its ticks. */
const cpuNs = () => Number(readFileSync('/proc/self/task/' + process.pid + '/schedstat', 'utf8').split(' ')[0])

async function main () {
  await sleep(1000) // what starting costs is another question
  const from = { cpuNs: cpuNs(), samples: monitor?.history().length ?? 0 }
  await sleep(seconds * 1000)
  const to = { cpuNs: cpuNs() }
  return { cpuNs: to.cpuNs - from.cpuNs, samples: (monitor?.history().length ?? 0) - from.samples }
}

main().then((result) => console.log(JSON.stringify(result)))

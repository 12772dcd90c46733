'use strict'

// Starts COUNT workers, WIDTH at a time, that load the addon, watch, and end as KIND says; with `main`, the
// main thread has loaded it too. Says how they ended, and what the process holds after a quarter and at the end: node workers.js KIND COUNT WIDTH FOLDER [main]

const { once } = require('node:events')
const { Worker, isMainThread, workerData } = require('node:worker_threads')

// Fixed, so that a crash comes again: a linear congruence.
let seed = 12345
const random = (below) => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31
  return seed % below
}

/** What a worker does, by kind. */
const jobs = {
  natural: ({ takeSnapshot }, { dir, number }) => number % 12 === 0 && takeSnapshot({ dir }),
  exit: ({ takeSnapshot }, { dir, number }) => {
    if (number % 12 === 0) takeSnapshot({ dir }).catch(() => {})
    setTimeout(() => process.exit(number % 100), number % 7)
  },
  stopped: async (_, { monitor }) => {
    await monitor.sample()
    await monitor.stop()
  },
  terminated: ({ takeSnapshot }, { dir, number }) => {
    // Ended from outside: idle, in JavaScript, in a snapshot.
    setInterval(() => {}, 1000)
    if (number % 3 === 0) takeSnapshot({ dir }).catch(() => {})
    // Small objects: a loop that V8 cannot interrupt (see programs/blocked.js) does not hear of terminate() either.
    if (number % 3 === 1) for (;;) global.garbage = { number, at: Date.now() }
  }
}

async function work () {
  const { kind, dir, number } = workerData
  const heapwarden = require('../..')
  const monitor = heapwarden.watch({
    interval: 10, rules: [{ name: 'any', metric: 'heapUsed', above: 1, do: number % 12 === 6 ? ['snapshot'] : [] }], snapshots: { dir }
  })
  for (const event of ['sample', 'gc', 'breach', 'snapshot', 'snapshotFailed']) monitor.on(event, () => {})
  require('node:worker_threads').parentPort.postMessage('watching')
  await jobs[kind](heapwarden, { dir, number, monitor })
}

async function one (kind, dir, number) {
  const worker = new Worker(__filename, { workerData: { kind, dir, number } })
  const ended = once(worker, 'exit')
  ended.catch(() => {})
  if (kind === 'terminated') {
    // At any moment: while it loads, while it watches, while it writes.
    if (number % 2 === 0) await Promise.race([once(worker, 'message'), ended])
    const wait = random(120)
    await new Promise((resolve) => setTimeout(resolve, wait))
    worker.terminate()
  }
  return (await ended)[0]
}

async function main () {
  const { holdings } = require('./holdings')
  const [kind, countText, widthText, dir, loads] = process.argv.slice(2)
  if (loads === 'main') require('../..')
  const count = Number(countText)
  const ends = {}
  let next = 0
  async function lane (until) {
    while (next < until) {
      const code = await one(kind, dir, next++)
      ends[code] = (ends[code] ?? 0) + 1
    }
  }
  for (const until of [count / 4, count]) {
    await Promise.all(Array.from({ length: Number(widthText) }, () => lane(until)))
    console.log(JSON.stringify({ until, ...await holdings() }))
  }
  console.log(JSON.stringify({ ends }))
}

if (isMainThread) main()
else work()

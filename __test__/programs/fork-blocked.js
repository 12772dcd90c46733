'use strict'

// Blocks its loop until the file MARKER exists, with a rule that takes snapshots by fork.
// node fork-blocked.js FOLDER MARKER main|worker

const fs = require('node:fs')
const { Worker, isMainThread } = require('node:worker_threads')
const { watch } = require('../..')

const [dir, marker, where] = process.argv.slice(2)
const DEADLINE_MS = 180_000
const say = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)

function block () {
  const alive = setInterval(() => {}, 1000)
  const monitor = watch({
    interval: 50,
    rules: [{ name: 'blocked', metric: 'loopBlocked', above: 200, do: ['snapshot'] }],
    snapshots: { dir, mode: 'fork' }
  })
  const told = (line) => {
    say(line)
    clearInterval(alive)
    monitor.stop()
  }
  monitor.on('snapshot', ({ path, mode, threadId, trigger, pauseMs }) => told({ type: 'snapshot', path, mode, threadId, trigger, pauseMs }))
  monitor.on('snapshotFailed', ({ code, message }) => told({ type: 'failed', code, message }))
  setImmediate(() => {
    say({ type: 'blocked' })
    const until = Date.now() + DEADLINE_MS
    // What is allocated between two looks keeps it busy in JavaScript, where stack guards are.
    while (!fs.existsSync(marker) && Date.now() < until) global.last = Array.from({ length: 1000 }, (_, i) => ({ i }))
    say({ type: 'released', late: Date.now() >= until })
  })
}

if (where === 'worker' && isMainThread) {
  new Worker(__filename, { argv: [dir, marker, where] })
} else {
  block()
}

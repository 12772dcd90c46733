'use strict'

// Allocates in a loop that does not yield, until the file `marker` exists, watched by heapwarden or by a timer.
// node blocked.js heapwarden|timer FOLDER MARKER

const fs = require('node:fs')

const [kind, dir, marker] = process.argv.slice(2)
const GROWTH = 16 << 20
const DEADLINE_MS = 180_000
const AFTERWARDS_MS = 20_000

// Written at once, also while the loop is blocked.
const say = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)

// Loading is no growth.
if (kind === 'heapwarden') require('../..')
const { heapUsed, rss } = process.memoryUsage()
const awaited = new Set()
let end

function seen (what, line) {
  say({ type: what, ...line })
  awaited.delete(what)
  if (end !== undefined && awaited.size === 0) process.exit()
}

const watchers = {
  heapwarden () {
    const { capabilities, watch } = require('../..')
    // Where there is no fork a rule stops the service for a heap like this one only if it is told to.
    const mode = capabilities.snapshots.fork.available ? 'auto' : 'inline'
    const monitor = watch({
      interval: 100,
      rules: [
        { name: 'heap', metric: 'heapUsed', above: heapUsed + GROWTH, do: ['snapshot'] },
        { name: 'rss', metric: 'rss', above: rss + GROWTH }
      ],
      snapshots: { dir, mode }
    })
    for (const what of ['heap', 'rss', 'snapshot']) awaited.add(what)
    monitor.on('breach', ({ rule, sample }) => seen(rule, { at: sample.at, loopBlocked: sample.loopBlocked, heapAge: sample.heapAge }))
    monitor.on('snapshot', ({ path, at, nodes }) => seen('snapshot', { at, path, nodes }))
    monitor.on('snapshotFailed', ({ code, message }) => say({ type: 'failed', code, message }))
  },
  timer () {
    awaited.add('heap')
    setInterval(() => {
      if (process.memoryUsage().heapUsed > heapUsed + GROWTH) seen('heap', { at: Date.now() })
    }, 100)
  }
}

function leak () {
  const kept = []
  const begin = Date.now()
  let rounds = 0
  say({ type: 'blocked', at: begin })
  while (!fs.existsSync(marker) && Date.now() < begin + DEADLINE_MS) {
    // What a leak is made of. Not one array of a fixed large size a round: V8 from 13 on (Node 24) leaves no place
    // for interrupts in the optimised code of such a loop, and then only the collector tells of the growth.
    const one = { rounds, text: `entry ${rounds}`, numbers: [] }
    for (let i = 0; i < 500; i++) one.numbers.push(i + 0.5)
    // Keeps twice the growth that counts as a breach, then only makes garbage.
    if (kept.length < (2 * GROWTH) / 4000) kept.push(one)
    rounds++
  }
  end = Date.now()
  say({ type: 'released', at: end, rounds, deadline: end >= begin + DEADLINE_MS })
  return kept
}

watchers[kind]()
setImmediate(() => {
  global.kept = leak()
  if (awaited.size === 0) process.exit()
  // Who was blocked may see now what it missed.
  setTimeout(() => process.exit(3), AFTERWARDS_MS)
})

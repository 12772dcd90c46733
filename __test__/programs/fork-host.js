'use strict'

// Takes a snapshot and says how it went; lives until stdin ends or says "exit".
// node fork-host.js '{"dir": …, snapshot options, "objects": N, "uid": N, "serve": true, "go": true}'
// With "go" it waits for the word on stdin before it orders. With "rule": true a rule orders. With "busy": true it works all the time from
// its order on.

const fs = require('node:fs')
const { createServer } = require('node:http')
const { createInterface } = require('node:readline')
const { capabilities, takeSnapshot, watch } = require('../..')

const { objects = 10_000, array = 0, uid, serve, go, rule, busy, ...options } = JSON.parse(process.argv[2])
const say = (line) => console.log(JSON.stringify(line))

global.wide = new Array(array).fill(global)
global.kept = Array.from({ length: objects }, (_, i) => ({ i, text: `entry ${i}`, list: [i] }))

function breach () {
  watch({ interval: 20, rules: [{ name: 'r', metric: 'rss', above: 1, do: ['snapshot'] }], snapshots: options })
    .once('snapshot', (info) => say({ type: 'snapshot', info }))
    .once('snapshotFailed', ({ code, message }) => say({ type: 'failed', code, message }))
}

function work () {
  const until = performance.now() + 50
  while (performance.now() < until);
  setImmediate(work)
}

async function order () {
  if (busy) work()
  if (rule) return breach()
  const begun = performance.now()
  try {
    const info = await takeSnapshot(options)
    say({ type: 'snapshot', info, ms: performance.now() - begun })
  } catch ({ code, message }) {
    say({ type: 'failed', code, message, ms: performance.now() - begun })
  }
}

const commands = { go: order, exit: () => process.exit(7) }
createInterface({ input: process.stdin })
  .on('line', (word) => commands[word]())
  .on('close', () => process.exit(0))

function ready (port) {
  // Everything is loaded: who it is from now on need not be able to read this folder.
  if (uid !== undefined) {
    process.setgroups([])
    process.setgid(uid)
    process.setuid(uid)
  }
  const threads = fs.readdirSync('/proc/self/task').length
  say({ type: 'ready', port, threads, fork: capabilities.snapshots.fork })
  if (!go) order()
}

if (serve) {
  const server = createServer((_, response) => response.end('here'))
  server.listen(0, '127.0.0.1', () => ready(server.address().port))
} else {
  ready()
}

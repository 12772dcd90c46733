'use strict'

// Ends itself as soon as the file of its capture is there, which is before the fork. node leaving.js DIR HOW, HOW is "exit",
// "throw", "abort" or "stop": how the capture is given up before.

const fs = require('node:fs')
const { takeSnapshot, watch } = require('../..')

const [, , dir, how] = process.argv
global.kept = Array.from({ length: 20_000 }, (_, i) => ({ i, list: [i] }))
const caller = new AbortController()
const monitor = how === 'stop' ? watch({ rules: [], snapshots: { dir } }) : null
const order = (monitor?.snapshot() ?? takeSnapshot({ dir, signal: caller.signal })).catch(() => {})

const ways = {
  exit: () => process.exit(0),
  throw: () => { throw new Error('as it were') },
  abort: () => {
    caller.abort()
    order.then(() => process.exit(0))
  },
  stop: () => monitor.stop().then(() => process.exit(0))
}

function look () {
  // The folder is made with the file.
  const there = fs.existsSync(dir) && fs.readdirSync(dir).length > 0
  return there ? ways[how]() : setImmediate(look)
}
look()

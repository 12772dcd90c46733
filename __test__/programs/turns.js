'use strict'

// One of several processes that capture in the same folder. node turns.js '{snapshot options, "objects": N}'
// Orders when told "go" on stdin; says when it has, and how it went. "user" makes it another user, "exit" ends it,
// "vanish" too, and it is gone as soon as its child is.

const fs = require('node:fs')
const { createInterface } = require('node:readline')
const { takeSnapshot } = require('../..')

const { objects = 2_000, ...options } = JSON.parse(process.argv[2])
const say = (line) => console.log(JSON.stringify(line))

global.kept = Array.from({ length: objects }, (_, i) => ({ i, list: [i] }))

async function go () {
  const order = takeSnapshot(options)
  say({ type: 'ordered' })
  try {
    say({ type: 'snapshot', info: await order })
  } catch ({ code, message }) {
    say({ type: 'failed', code, message })
  }
}

function user () {
  process.setgid(65_534)
  process.setuid(65_534)
  say({ type: 'user' })
}

function vanish () {
  const self = `/proc/self/task/${process.pid}`
  const [child] = fs.readFileSync(`${self}/children`, 'utf8').split(' ')
  const gone = () => {
    try {
      return fs.readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z')
    } catch {
      return true
    }
  }
  process.on('exit', () => {
    while (!gone());
    process.kill(process.pid, 'SIGKILL')
  })
  process.exit(0)
}

const words = { go, user, vanish, exit: () => process.exit(0) }
createInterface({ input: process.stdin })
  .on('line', (word) => words[word]())
  .on('close', () => process.exit(0))

say({ type: 'ready' })

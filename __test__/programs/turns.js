'use strict'

// One of several processes that capture in the same folder. node turns.js '{snapshot options, "objects": N}'
// Orders when told "go" on stdin; says when it has, and how it went. "user" makes it another user, "exit" ends it.

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

const words = { go, user, exit: () => process.exit(0) }
createInterface({ input: process.stdin })
  .on('line', (word) => words[word]())
  .on('close', () => process.exit(0))

say({ type: 'ready' })

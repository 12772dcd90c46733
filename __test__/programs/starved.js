'use strict'

// Takes one snapshot by fork of a small heap: node starved.js FOLDER TIMEOUT

const { takeSnapshot } = require('../..')

const [dir, timeout] = process.argv.slice(2)

global.heap = Array.from({ length: 20_000 }, (_, i) => ({ i, text: `entry ${i}` }))
takeSnapshot({ dir, mode: 'fork', timeout }).then(
  ({ attempts }) => console.log(JSON.stringify({ attempts })),
  ({ code, message }) => console.log(JSON.stringify({ code, message })))

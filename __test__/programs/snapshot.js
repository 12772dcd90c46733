'use strict'

// Takes a snapshot at a zstd level, ends by itself or in the middle: node snapshot.js FOLDER LEVEL [exit]

const { takeSnapshot, watch } = require('../..')

const [dir, level, what] = process.argv.slice(2)

// Enough that V8 and the writer have something to do.
global.heap = Array.from({ length: 20_000 }, (_, i) => ({ i, text: `entry ${i}` }))
watch({ interval: 10, snapshots: { dir } })
takeSnapshot({ dir, level: Number(level) }).then(({ path }) => console.log(JSON.stringify({ path })))
// As soon as its file is there: the turn of the loop after the pause, while the writer is still at work.
if (what === 'exit') require('node:fs').watch(dir, () => process.exit(7))

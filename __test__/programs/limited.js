'use strict'

// Takes snapshots under limits that somebody else sets, and says how it went: node limited.js FOLDER. Told what to do on
// stdin, an object a line: options of a snapshot.

const { createInterface } = require('node:readline')
const { takeSnapshot, watch } = require('../..')

const [dir] = process.argv.slice(2)
const kept = Array.from({ length: 20_000 }, (_, i) => ({ i, list: [i] }))
const say = (line) => console.log(JSON.stringify(line))
const monitor = watch({ interval: 20, rules: [] })

async function main () {
  // What is allocated at first use is not to be charged to the first limit.
  await takeSnapshot({ dir, mode: 'fork', keep: { count: 1 } }).catch(() => {})
  await monitor.sample()
  say({ type: 'ready' })
  for await (const text of createInterface({ input: process.stdin })) {
    const options = JSON.parse(text)
    const said = await takeSnapshot({ dir, keep: { count: 1 }, ...options })
      .then(({ mode, nodes }) => ({ mode, nodes }), ({ code, message }) => ({ code, message }))
    say({ type: 'answer', ...said })
  }
  say({ type: 'end', kept: kept.length })
  await monitor.stop()
}

main()

'use strict'

// Loads heapwarden twice in one isolate, watches with both, and runs into the heap limit. Arguments: how, folder, and for
// 'copies' the folder of a second installed copy.

const [how, dir, other] = process.argv.slice(2)
const root = require('node:path').join(__dirname, '..', '..')

const again = {
  /** A module registry that was emptied, as test runners do between files. */
  registry () {
    for (const file of Object.keys(require.cache)) {
      if (file.startsWith(root)) delete require.cache[file]
    }
    return require('../..')
  },
  copies: () => require(other),
  esm: async () => (await import('../../index.mjs')).default ?? import('../../index.mjs')
}

const leaked = []
function leak () {
  for (let i = 0; i < 10_000; i++) leaked.push({ i, text: `entry ${i}` })
  setImmediate(leak)
}

async function main () {
  const loaded = [require('../..'), await again[how]()]
  const monitors = loaded.map(({ watch }) => watch({ interval: 20, rules: [], snapshots: { dir, images: false } }))
  for (const [index, monitor] of monitors.entries()) {
    monitor.on('nearHeapLimit', () => console.log(JSON.stringify({ near: index })))
    monitor.once('sample', () => console.log(JSON.stringify({ sampled: index })))
  }
  await Promise.all(monitors.map((monitor) => monitor.sample()))
  console.log(JSON.stringify({ same: loaded[0].watch === loaded[1].watch }))
  leak()
}

main()

'use strict'

// Writes snapshots of this process into FOLDER, V8's own and ours, and says where they are: node shapes.js FOLDER

const path = require('node:path')
const v8 = require('node:v8')
const { takeSnapshot } = require('../..')

const [dir] = process.argv.slice(2)
const say = (line) => console.log(JSON.stringify(line))

/** Found by its name, and by its number where numbers are kept. */
class ShapeOfASnapshot {
  weight = 1234.567
}
global.found = new ShapeOfASnapshot()

const wanted = {
  'level 1': { dir, level: 1 },
  'level 3': { dir, level: 3 },
  'level 9': { dir, level: 9 },
  'no level': { dir },
  'level 0': { dir, level: 0 },
  'exact path': { path: path.join(dir, 'exact.heapsnapshot') },
  numbers: { dir, numericValues: true }
}

async function main () {
  // The first one loads and compiles what it needs; the others find the process as it stays.
  await takeSnapshot({ path: path.join(dir, 'first.heapsnapshot.zst') })
  const plain = v8.writeHeapSnapshot(path.join(dir, 'plain.heapsnapshot'))
  const numeric = v8.writeHeapSnapshot(path.join(dir, 'numeric.heapsnapshot'), { exposeNumericValues: true })
  say({ files: { plain, numeric } })
  // More than are kept by default.
  const keep = { count: 20 }
  for (const [name, options] of Object.entries(wanted)) say({ name, info: await takeSnapshot({ keep, ...options }) })
}

main()

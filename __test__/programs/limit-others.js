'use strict'

// Runs into the heap limit while somebody else watches it too. Arguments: who, 'first' or 'second' (when they came), folder, and
// whether images are on.

const path = require('node:path')
const v8 = require('node:v8')

const [who, when, dir, images] = process.argv.slice(2)

const others = {
  /** By the flag that this program is started with. */
  flag () {},
  node () { v8.setHeapSnapshotNearHeapLimit(1) },
  pprof () {
    const { heap } = require(require.resolve('@datadog/pprof', { paths: [path.join(__dirname, '..', 'neighbours')] }))
    heap.start(512 * 1024, 64)
    heap.monitorOutOfMemory(10 * 2 ** 20, 1, true, [], () => {}, heap.CallbackMode.Interrupt)
  }
}

if (when === 'first') others[who]()
const monitor = require('../..').watch({ interval: 50, rules: [], snapshots: { dir, images: images === 'true' } })
monitor.on('nearHeapLimit', () => console.log(JSON.stringify({ near: true })))
monitor.on('snapshotFailed', ({ message }) => console.log(JSON.stringify({ failed: message })))
if (when === 'second') others[who]()

// Long strings: what a snapshot in place takes goes by the number of objects.
const text = Buffer.alloc(4096, 'x')
const leaked = []
function leak () {
  for (let i = 0; i < 100; i++) leaked.push(text.toString('latin1'))
  setImmediate(leak)
}
leak()

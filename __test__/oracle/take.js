'use strict'

// Fills its heap with one of heaps/ and takes snapshots of it: HEAP FOLDER KIND[,KIND…] → the files' paths, JSON.
// The kinds: what V8 can be asked for (default, internals, numeric), `redacted`, which is heapwarden's with its texts masked, and
// `pair`, two snapshots with a change between them and V8 keeping track of its objects, so that they can be compared.
//
// A heap exports hold() → what is to be kept, change(held) if it is good for a pair, and stream(options, held) if the
// snapshot is to be of something else than this thread.

const { createWriteStream } = require('node:fs')
const { Session } = require('node:inspector')
const { join } = require('node:path')
const { pipeline } = require('node:stream/promises')
const v8 = require('node:v8')

const OPTIONS = {
  default: {},
  internals: { exposeInternals: true },
  numeric: { exposeNumericValues: true }
}

const [name, folder, kinds] = process.argv.slice(2)
const heap = require(`./heaps/${name}`)

/** Until the process ends: without it V8 forgets which object had which id. */
function track () {
  const session = new Session()
  session.connect()
  session.post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: heap.allocations === true })
}

async function take (held, kind, options = {}) {
  const path = join(folder, `${name}-node${process.versions.node.split('.')[0]}-${kind}.heapsnapshot`)
  const source = await (heap.stream ?? v8.getHeapSnapshot)(options, held)
  await pipeline(source, createWriteStream(path))
  return path
}

async function main () {
  const wanted = kinds.split(',')
  if (wanted.includes('pair')) track()
  const held = await heap.hold()
  globalThis.held = held // reached as a service's objects are: from a global variable
  const paths = []
  for (const kind of wanted) {
    if (kind === 'redacted') {
      const { takeSnapshot } = require('../..')
      paths.push((await takeSnapshot({ dir: folder, redact: true })).path)
    } else if (kind !== 'pair') {
      paths.push(await take(held, kind, OPTIONS[kind]))
    } else {
      paths.push(await take(held, 'before'))
      await heap.change(held)
      paths.push(await take(held, 'after'))
    }
  }
  return paths
}

// Not every heap lets its process end by itself, nor does V8 while it keeps track.
main().then((paths) => process.stdout.write(JSON.stringify(paths), () => process.exit()))

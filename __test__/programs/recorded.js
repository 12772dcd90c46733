'use strict'

// Takes snapshots inline while an inspector's client records allocations, then goes on allocating and ends the recording.
// Arguments: who ('snapshot', 'heapdump' or 'sync'), folder, 'true' to record allocations, 'false' for objects only.

const { Session } = require('node:inspector')
const path = require('node:path')

const [who, dir, trackAllocations] = process.argv.slice(2)
const heapwarden = require('../..')

const ways = {
  snapshot: () => heapwarden.takeSnapshot({ dir, mode: 'inline' }),
  heapdump: () => new Promise((resolve, reject) => {
    require('../../lib/heapdump').writeSnapshot(path.join(dir, 'by-heapdump.heapsnapshot'), (error, file) => error ? reject(error) : resolve(file))
  }),
  sync: async () => require('../../lib/heapdump').writeSnapshot(path.join(dir, 'by-heapdump.heapsnapshot'))
}

const kept = []
function allocate () {
  for (let i = 0; i < 200_000; i++) kept[i % 5000] = { i, list: [i, i + 1] }
}

async function main () {
  const session = new Session()
  session.connect()
  const post = (method, params) => new Promise((resolve, reject) => {
    session.post(method, params, (error, result) => error ? reject(error) : resolve(result))
  })
  let chunks = 0
  session.on('HeapProfiler.addHeapSnapshotChunk', () => chunks++)
  await post('HeapProfiler.enable')
  await post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: trackAllocations === 'true' })
  allocate()
  await ways[who]()
  allocate()
  const { heapStatsUpdates } = await post('HeapProfiler.stopTrackingHeapObjects')
  allocate()
  console.log(JSON.stringify({ chunks, heapStatsUpdates }))
}

main()

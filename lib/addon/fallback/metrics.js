'use strict'

// What a rule can watch: the twin of the table in src/watch/sample.rs, from which `npm run generate` writes `kinds`. Where the kernel or Node
// tells a figure to JavaScript too, figures.js reads it, and elsewhere it is null.

/** name → kind, in the order in which messages list them. */
const kinds = {
  // Generated from here
  rss: 'bytes',
  anonymous: 'bytes',
  file: 'bytes',
  swap: 'bytes',
  heapUsed: 'bytes',
  heapTotal: 'bytes',
  heapUsedRatio: 'ratio',
  external: 'bytes',
  arrayBuffers: 'bytes',
  malloced: 'bytes',
  native: 'bytes',
  allocatorFree: 'bytes',
  cgroupUsed: 'bytes',
  cgroupRatio: 'ratio',
  cgroupFullIn: 'milliseconds',
  liveHeap: 'bytes',
  liveHeapGrowth: 'bytesPerSecond',
  loopBlocked: 'milliseconds',
  pressure: 'percent',
  majorFaults: 'count'
  // to here.
}

/** Those that are not a sample's field of the same name. */
const elsewhere = {
  allocatorFree: ({ allocator }) => allocator?.free,
  cgroupUsed: ({ cgroup }) => cgroup?.used,
  cgroupRatio: ({ cgroup }) => cgroup?.ratio,
  cgroupFullIn: ({ cgroup }) => cgroup?.fullIn,
  pressure: ({ pressure }) => pressure?.some10
}

/** Those that are. */
const ofSamples = Object.keys(kinds).filter((name) => !Object.hasOwn(elsewhere, name))

/** The figure; undefined when this sample does not know it, or when it came out as no finite number. */
function read (metric, sample) {
  const value = Object.hasOwn(elsewhere, metric) ? elsewhere[metric](sample) : sample[metric]
  return Number.isFinite(value) ? value : undefined
}

module.exports = { kinds, ofSamples, read }

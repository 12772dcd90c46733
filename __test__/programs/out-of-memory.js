'use strict'

// Runs into the heap limit in one of several ways, with images off. Arguments: kind, folder, 'unwatched', 'off' or 'images', which leaves one.

const v8 = require('node:v8')

const [kind, dir, how] = process.argv.slice(2)

class LeakedRecord {
  constructor (number) { this.number = number; this.parts = [number, number + 1] }
}

const leaked = []
function leak (count) {
  for (let i = 0; i < count; i++) leaked.push(new LeakedRecord(i))
}

let monitor
if (how !== 'unwatched') {
  monitor = require('../..').watch({ interval: '100ms', rules: [], nearHeapLimit: how !== 'off', snapshots: { dir, images: how === 'images' } })
  if (kind !== 'twice') monitor.on('nearHeapLimit', ({ limit }) => console.log('nearHeapLimit', limit))
}

const kinds = {
  sync () { for (;;) leak(1000) },
  async () {
    leak(20_000)
    setImmediate(kinds.async)
  },
  /** A collection never overshoots the limit by much. */
  slow () {
    leak(500)
    setImmediate(kinds.slow)
  },
  parse () {
    const text = `[${'{"a":[1,2,3],"b":{"c":"d"}},'.repeat(1e6)}1]`
    for (;;) leaked.push(JSON.parse(text))
  },
  fill () { for (;;) leaked.push(new Array(1e6).fill().map((_, i) => ({ i }))) },
  string () { for (let i = 0; ; i++) leaked.push(`x${i}`.repeat(100_000).split('')) },

  /** Nearly hits the limit, recovers, and does so again; then reports and ends well. */
  async twice () {
    const limit = () => v8.getHeapStatistics().heap_size_limit
    v8.setFlagsFromString('--expose-gc')
    const collect = require('node:vm').runInNewContext('gc')
    const limitBefore = limit()
    let events = 0
    // A monitor does not keep the process alive, and this one waits for its events.
    const awake = setInterval(() => {}, 60_000)
    monitor.on('nearHeapLimit', () => events++)
    for (let ramp = 1; ramp <= 2; ramp++) {
      const dumped = new Promise((resolve, reject) => {
        monitor.once('snapshot', resolve)
        monitor.once('snapshotFailed', reject)
      })
      while (events < ramp) {
        leak(5_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
      leaked.length = 0
      console.log(`ramp ${ramp}: the dump is awaited`)
      await dumped
      console.log(`ramp ${ramp}: a full collection is to see that the heap has recovered, limit ${limit()}`)
      // When short-lived objects alone bring V8 to one is V8's affair.
      collect()
      while (limit() > limitBefore) await new Promise((resolve) => setImmediate(resolve))
    }
    console.log(JSON.stringify({ events, limitBefore, limitBetween: limit() }))
    clearInterval(awake)
    await monitor.stop()
  }
}

kinds[kind]()

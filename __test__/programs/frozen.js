'use strict'

// A rule that breaches when it has held for a while. Says when a sample comes after a gap, and when it breaches.

const { watch } = require('../..')

const GAP_MS = 2_500

const rules = [{ name: 'always', metric: 'rss', above: 1, for: '3s' }]
const monitor = watch({ interval: 100, rules, nearHeapLimit: false })
const say = (what) => console.log(JSON.stringify(what))
const alive = setInterval(() => {}, 60_000)

let last
monitor.on('sample', ({ at }) => {
  if (last === undefined) say({ type: 'first' })
  else if (at - last > GAP_MS) say({ type: 'gap', at })
  last = at
})
monitor.on('breach', ({ sample, since }) => {
  say({ type: 'breach', at: sample.at, since })
  clearInterval(alive)
})

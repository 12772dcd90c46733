'use strict'

// Samples and snapshots before and after the clock on the wall is set. Arguments: folder.

const fs = require('node:fs')
const { once } = require('node:events')
const { watch } = require('../..')

const [dir] = process.argv.slice(2)
const rules = [{ name: 'always', metric: 'rss', above: 1, for: '1h' }]
const monitor = watch({ interval: 50, rules, nearHeapLimit: false, snapshots: { dir, mode: 'inline' } })

async function look () {
  const { path, at } = await monitor.snapshot()
  const [sample] = await once(monitor, 'sample')
  return { now: Date.now(), sample: sample.at, snapshot: at, path }
}

async function main () {
  const alive = setInterval(() => {}, 60_000)
  const before = await look()
  fs.writeFileSync(process.env.CLOCK_STEP, '')
  await once(monitor, 'sample')
  const after = await look()
  console.log(JSON.stringify({ before, after, phase: monitor.rules()[0].phase, kept: (await monitor.snapshots()).length }))
  await monitor.stop()
  clearInterval(alive)
}

main()

'use strict'

// Uses up its descriptors, and says what a monitor and captures make of it. Arguments: folder.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const { once } = require('node:events')
const { takeSnapshot, watch } = require('../..')

const [dir] = process.argv.slice(2)
const say = (what) => console.log(JSON.stringify(what))

const open = []
function useUp () {
  try {
    for (;;) open.push(fs.openSync('/dev/null', 'r'))
  } catch (error) {
    if (error.code !== 'EMFILE') throw error
  }
}
const giveBack = (count) => { for (const fd of open.splice(-count)) fs.closeSync(fd) }

async function capture (left) {
  const how = await takeSnapshot({ dir, mode: 'auto' }).catch(({ code, message }) => ({ code, message }))
  say({ type: 'capture', left, mode: how.mode, code: how.code, message: how.message })
}

async function main () {
  const alive = setInterval(() => {}, 60_000)
  // Before it opens anything: what is open above a limit is no room below it.
  execFileSync('prlimit', [`--pid=${process.pid}`, '--nofile=64:64'])
  const monitor = watch({
    interval: 50,
    nearHeapLimit: false,
    rules: [{ name: 'above', metric: 'rss', above: 1 }, { name: 'below', metric: 'rss', below: 1 }]
  })
  for (const event of ['recovered', 'breach']) monitor.on(event, ({ rule }) => say({ type: event, rule }))
  monitor.on('warning', ({ message }) => say({ type: 'warning', message }))
  await once(monitor, 'breach')

  useUp()
  const seen = []
  for (let i = 0; i < 3; i++) {
    const [sample] = await once(monitor, 'sample')
    if (sample.rss !== null) i = -1
    seen.push(sample)
  }
  const { rss, native, cgroup, heapUsed } = seen.at(-1)
  say({ type: 'blind', rss, native, cgroup, heapUsed })

  for (const left of [2, 3, 4, 5]) {
    giveBack(left)
    await capture(left)
    useUp()
  }

  giveBack(open.length)
  const [sample] = await once(monitor, 'sample')
  say({ type: 'sees', rss: sample.rss ?? (await once(monitor, 'sample'))[0].rss })
  await capture(Infinity)
  await monitor.stop()
  clearInterval(alive)
}

main()

'use strict'

// Blocks its event loop and leaks meanwhile: { interval (ms), above (bytes) } → { delayMs, blockedMs }: from the
// moment heapUsed went over the threshold to the sample that found it, which may be after the block.

const { once } = require('node:events')
const { watch } = require('../..')

const { interval, above } = JSON.parse(process.argv[2])
const monitor = watch({ interval, rules: [{ name: 'heap', metric: 'heapUsed', above }] })
const now = () => performance.timeOrigin + performance.now()

function block () {
  const begun = now()
  // Over the threshold in one step and never under it again: garbage on the way would blur the moment.
  const kept = new Array(above / 8).fill(0)
  const crossed = now()
  const { heapUsed } = process.memoryUsage()
  if (heapUsed <= above) throw new Error(`heapUsed is ${heapUsed}, not over ${above}`)
  while (now() < crossed + 20 * interval) kept[kept.length - 1]++
  return { crossed, begun, ended: now() }
}

async function main () {
  // A monitor does not keep its process alive, and neither do the promises of its events.
  const alive = setInterval(() => {}, 60_000)
  await once(monitor, 'sample')
  const breach = once(monitor, 'breach')
  const { crossed, begun, ended } = block()
  const [{ sample }] = await breach
  clearInterval(alive)
  await monitor.stop()
  return { delayMs: Math.max(sample.at - crossed, 0), blockedMs: ended - begun }
}

main().then((result) => console.log(JSON.stringify(result)))

'use strict'

// Blocks its event loop and leaks meanwhile: { interval (ms), above (bytes) } → { delayMs, blockedMs }: from the
// moment heapUsed went over the threshold to the sample that found it. NaN-free: a breach that was found only after
// the loop had turned again counts with the whole time of the block.

const { once } = require('node:events')
const { watch } = require('../..')

const { interval, above } = JSON.parse(process.argv[2])
const monitor = watch({ interval, rules: [{ name: 'heap', metric: 'heapUsed', above }] })
const now = () => performance.timeOrigin + performance.now()

function block () {
  const kept = []
  let crossed
  const begun = now()
  for (let turn = 0; crossed === undefined || now() < crossed + 20 * interval; turn++) {
    // Slowly, so that the crossing is a moment and not a jump over several intervals.
    for (let i = 0; i < 200; i++) kept.push({ turn, i })
    if (kept.length > 2e7) throw new Error('the heap did not reach the threshold')
    if (crossed === undefined && process.memoryUsage().heapUsed > above) crossed = now()
    for (const until = now() + 0.5; now() < until;);
    if (crossed !== undefined) kept.length = Math.min(kept.length, 1e6)
  }
  return { crossed, begun, ended: now(), kept: kept.length }
}

async function main () {
  await once(monitor, 'sample')
  const breach = once(monitor, 'breach')
  const { crossed, begun, ended } = block()
  const [{ sample }] = await breach
  await monitor.stop()
  return { delayMs: sample.at - crossed, blockedMs: ended - begun }
}

main().then((result) => console.log(JSON.stringify(result)))

'use strict'

// Buffers live outside V8's heap: their leak shows in `external`, `arrayBuffers` and `rss`, not in `heapUsed`.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')
const { capabilities } = require('../..')
const { nextEvent } = require('../support/helpers')
const { monitored } = require('../support/programs')

const MB = 1e6
const GROWTH = 40 * MB

/** Kept to the end: what one test lets go would shrink under the next one. */
const leak = []

const above = (metric, value) => ({ name: metric, metric, above: value })

test('a leak of buffers raises external, arrayBuffers and rss while heapUsed stays flat', async (t) => {
  const before = process.memoryUsage()
  const metrics = ['external', 'arrayBuffers', 'rss', 'heapUsed']
  const monitor = monitored(t, { rules: metrics.map((metric) => above(metric, before[metric] + GROWTH)) })
  const breaches = ['external', 'arrayBuffers', 'rss'].map((name) => nextEvent(monitor, 'breach', ({ rule }) => rule === name))
  monitor.on('breach', ({ rule }) => assert.notEqual(rule, 'heapUsed'))

  // Filled, so that the pages are really there and count in rss.
  for (let i = 0; i < 60; i++) leak.push(Buffer.alloc(MB, i))
  for (const { rule, sample, value } of await Promise.all(breaches)) {
    assert.equal(sample[rule], value)
    assert.ok(sample[rule] - before[rule] > GROWTH, rule)
    assert.ok(sample.heapUsed - before.heapUsed < GROWTH / 4, `heapUsed grew by ${sample.heapUsed - before.heapUsed}`)
  }
  const sample = await monitor.sample()
  const now = process.memoryUsage()
  for (const metric of ['external', 'arrayBuffers']) {
    assert.ok(Math.abs(sample[metric] - now[metric]) < MB, `${metric}: ${sample[metric]}, Node says ${now[metric]}`)
  }
  assert.ok(Math.abs(sample.heapUsed - now.heapUsed) < 8 * MB)
})

test('arrayBuffers counts while the loop is blocked', { skip: capabilities.ownThread.reason }, async (t) => {
  const monitor = monitored(t)
  await once(monitor, 'sample')
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 40; i++) leak.push(Buffer.alloc(MB, 1))
  const full = Date.now()
  // The loop does not turn: these samples are taken while it is blocked.
  let blocked
  do {
    for (const until = Date.now() + 100; Date.now() < until;);
    blocked = monitor.history().filter(({ at }) => at > full)
  } while (!(blocked.length >= 5 && blocked.at(-1).loopBlocked > 300) && Date.now() < full + 60_000)
  const last = blocked.at(-1)
  assert.ok(blocked.length >= 5, `${blocked.length} samples in ${Date.now() - full} ms at an interval of 20`)
  assert.ok(last.loopBlocked > 300, `loopBlocked ${last.loopBlocked}`)
  if (capabilities.whileBlocked.available) {
    assert.ok(last.arrayBuffers - before >= 39 * MB, `${last.arrayBuffers - before} of ${40 * MB} seen`)
    assert.ok(last.heapAge < last.loopBlocked, `heapAge ${last.heapAge}, loopBlocked ${last.loopBlocked}`)
  } else {
    assert.ok(last.arrayBuffers - before < MB, 'nobody could have told')
    assert.ok(last.heapAge > 300, `it must say that V8's figures are old; heapAge ${last.heapAge}`)
  }
})

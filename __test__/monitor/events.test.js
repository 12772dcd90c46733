'use strict'

// What a monitor tells, in which order, and who shares a snapshot.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { test } = require('node:test')
const v8 = require('node:v8')
const vm = require('node:vm')
const { capabilities, takeSnapshot } = require('../..')
const { nextEvent, tempDir } = require('../support/helpers')
const { monitored } = require('../support/programs')

v8.setFlagsFromString('--expose-gc')
const gc = vm.runInNewContext('gc')

/** Blocks the loop until `done`, looking every 100 ms. */
function block (done, deadline = Date.now() + 30_000) {
  while (!done() && Date.now() < deadline) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
}

test('samples that found no room while the loop was blocked are counted', { skip: capabilities.ownThread.reason }, async (t) => {
  const monitor = monitored(t, { interval: 10, history: 1000 })
  const samples = []
  let dropped = 0
  monitor.on('sample', (sample, more) => {
    samples.push(sample)
    dropped += more.dropped
  })
  await once(monitor, 'sample')
  samples.length = 0
  const begin = Date.now()
  let taken
  block(() => {
    taken = monitor.history().filter(({ at }) => at > begin).length
    return taken > 300
  })
  await nextEvent(monitor, 'sample', ({ loopBlocked }) => loopBlocked < 50)
  const kept = monitor.history().length
  assert.ok(taken > 256, `${taken} samples were taken`)
  assert.ok(samples.length < taken && samples.length >= 256, `${samples.length} were told of ${taken}`)
  assert.ok(kept >= taken, 'the history has them all')
  // The first few of the history were told before.
  assert.ok(dropped > 0 && Math.abs(samples.length + dropped - kept) < 10, `${samples.length} told, ${dropped} dropped, ${kept} taken`)
  const ats = samples.map(({ at }) => at)
  assert.deepEqual(ats, [...ats].sort((a, b) => a - b))
})

test('collections are told with their kind and duration', async (t) => {
  const monitor = monitored(t)
  const heard = []
  monitor.on('gc', (event) => heard.push(event))
  gc()
  gc({ type: 'minor' })
  if (!capabilities.gcEvents.available) {
    assert.match(capabilities.gcEvents.reason, /\S/)
    for (let i = 0; i < 3; i++) await once(monitor, 'sample')
    assert.deepEqual(heard, [])
    return
  }
  if (heard.length === 0) await once(monitor, 'gc')
  const full = heard.find(({ kind }) => /mark-?sweep/i.test(kind))
  assert.ok(full, JSON.stringify(heard))
  assert.ok(full.durationMs > 0 && full.durationMs < 5000)
  assert.ok(full.heapUsed > 1e6 && full.heapUsed < 500e6)
  assert.ok(Math.abs(full.at - Date.now()) < 60_000)
  const sample = await monitor.sample()
  assert.ok(sample.liveHeap > 0 && sample.liveHeap <= full.heapUsed * 1.5)
  monitor.removeAllListeners('gc')
  const count = heard.length
  gc()
  await once(monitor, 'sample')
  assert.equal(heard.length, count)
})

test('breach and recovery come in turn, and a cooldown keeps the next breach away', async (t) => {
  const { external } = process.memoryUsage()
  const rule = (name, more) => ({ name, metric: 'external', above: external + 32e6, clear: external + 16e6, ...more })
  const monitor = monitored(t, { rules: [rule('eager', { cooldown: 0 }), rule('calm', { cooldown: '1h' })] })
  const told = []
  for (const type of ['breach', 'recovered']) monitor.on(type, (event) => told.push([event.rule, type, event]))
  for (let turn = 0; turn < 2; turn++) {
    const breach = nextEvent(monitor, 'breach', ({ rule }) => rule === 'eager')
    let leak = Buffer.alloc(48e6, 1)
    await breach
    assert.ok(leak.length > 0)
    leak = null // eslint-disable-line no-useless-assignment -- nothing must hold it any more
    const recovered = nextEvent(monitor, 'recovered', ({ rule }) => rule === 'eager')
    gc()
    // The collector gives the memory back behind JavaScript's back; external follows with the next collection.
    const again = setInterval(gc, 50)
    await recovered
    clearInterval(again)
  }
  const types = (name) => told.filter(([rule]) => rule === name).map(([, type]) => type)
  assert.deepEqual(types('eager'), ['breach', 'recovered', 'breach', 'recovered'])
  assert.deepEqual(types('calm'), ['breach', 'recovered'])
  for (const [, type, { value, since, sample }] of told) {
    assert.equal(value, sample.external)
    assert.equal(type === 'breach', value > external + 32e6)
    assert.ok(since <= sample.at)
  }
})

test('update() changes interval, history and rules while it runs', async (t) => {
  const monitor = monitored(t, { interval: '1h' })
  monitor.update({ interval: 10, history: 4, rules: [{ name: 'any', metric: 'rss', above: 1 }] })
  const [breach] = await once(monitor, 'breach')
  assert.equal(breach.rule, 'any')
  for (let i = 0; i < 6; i++) await once(monitor, 'sample')
  assert.equal(monitor.history().length, 4)
  const [before] = monitor.rules()
  // An unchanged rule keeps what it has come to: it does not breach again.
  monitor.update({ rules: [{ name: 'any', metric: 'rss', above: 1 }, { name: 'other', metric: 'rss', above: '1TB' }] })
  const breached = []
  monitor.on('breach', ({ rule }) => breached.push(rule))
  for (let i = 0; i < 3; i++) await once(monitor, 'sample')
  assert.deepEqual(breached, [])
  const [after, other] = monitor.rules()
  assert.equal(after.phase, 'breached')
  assert.equal(after.since, before.since)
  assert.equal(other.phase, 'ok')
})

test('two orders of one tick share a file, an order with other contents does not', async (t) => {
  const dir = tempDir(t)
  const [one, two, three] = await Promise.all([
    takeSnapshot({ dir }), takeSnapshot({ dir }), takeSnapshot({ dir, numericValues: true })
  ])
  assert.equal(one.path, two.path)
  assert.notEqual(one.path, three.path)
  assert.equal(fs.readdirSync(dir).length, 2)
})

test('a rule and a caller share a snapshot', async (t) => {
  const dir = tempDir(t)
  const monitor = monitored(t, { snapshots: { dir } })
  const told = []
  monitor.on('snapshot', (info) => told.push(info.path))
  const ordered = new Promise((resolve) => monitor.once('breach', () => resolve(monitor.snapshot())))
  monitor.update({ rules: [{ name: 'any', metric: 'rss', above: 1, do: ['snapshot'] }] })
  const info = await ordered
  while (told.length < 2) await once(monitor, 'snapshot')
  // Either the call found the rule's snapshot under way, or it was done already: never two at a time.
  assert.equal(told.at(-1), info.path)
  assert.ok(fs.readdirSync(dir).length <= 2)
  assert.ok(told.every((file) => fs.existsSync(file)))
})

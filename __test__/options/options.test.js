'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { HeapwardenError, Monitor, takeSnapshot, watch } = require('../..')
const { checkSnapshot, checkUpdate, checkWatch, mergeSnapshots, snapshotJson, watchJson } = require('../../lib/options/check')
const { closest } = require('../../lib/base/suggest')

const rule = (more) => ({ rules: [{ name: 'r', metric: 'heapUsed', above: 1, ...more }] })

// [what, options, option named, what the message says besides]
const refused = [
  ['no object', 5, 'options', /5 was given; accepted: an object/],
  ['null', null, 'options', /null/],
  ['an array for an object', [], 'options', /\[\] was given/],
  ['a name with a slip', { intervall: 5 }, 'intervall', /did you mean 'interval'\?.*accepted: interval, history/],
  ['a name far from all', { zzzzzzzz: 5 }, 'zzzzzzzz', /there is no such option; accepted/],
  ['an inherited name', { constructor: 5 }, 'constructor', /no such option/],
  ['NaN', { interval: NaN }, 'interval', /NaN was given; accepted: milliseconds/],
  ['Infinity', { interval: Infinity }, 'interval', /Infinity/],
  ['negative', { interval: -1 }, 'interval', /-1/],
  ['too short', { interval: 9 }, 'interval', /from 10 ms to 1 day/],
  ['too short as text', { interval: '9ms' }, 'interval', /'9ms'/],
  ['too long', { interval: '25h' }, 'interval', /'25h'/],
  ['no duration', { interval: 'soon' }, 'interval', /'soon'/],
  ['a boolean for a duration', { interval: true }, 'interval', /true/],
  ['an array for a duration', { interval: ['1s'] }, 'interval', /\[ '1s' \]/],
  ['a bigint', { interval: 1000n }, 'interval', /1000n/],
  ['history of 0', { history: 0 }, 'history', /1 to 100000/],
  ['history beyond', { history: 100_001 }, 'history', /100001/],
  ['history with a fraction', { history: 1.5 }, 'history', /whole number/],
  ['history as text', { history: '600' }, 'history', /'600'/],
  ['rules as an object', { rules: {} }, 'rules', /an array of rules/],
  ['a rule as text', { rules: ['rss'] }, 'rules[0]', /'rss'/],
  ['no name', rule({ name: undefined }), 'rules[0].name', /undefined/],
  ['a blank name', rule({ name: ' ' }), 'rules[0].name', /1 to 100 characters/],
  ['a name with a line break', rule({ name: 'a\nb' }), 'rules[0].name', /control characters/],
  ['no metric', rule({ metric: undefined }), 'rules[0].metric', /every rule/],
  ['an unknown metric', rule({ metric: 'heapUse' }), 'rules[0].metric', /did you mean 'heapUsed'\?/],
  ['both sides', rule({ below: 2 }), 'rules[0]', /both above and below/],
  ['neither side', rule({ above: undefined }), 'rules[0]', /neither above nor below/],
  ['a negative size', rule({ above: -1 }), 'rules[0].above', /-1/],
  ['a ratio for a size', rule({ above: '80%' }), 'rules[0].above', /'512MB'/],
  ['a size for a ratio', rule({ metric: 'heapUsedRatio', above: '80MB' }), 'rules[0].above', /'80%'/],
  ['per cent as a number', rule({ metric: 'heapUsedRatio', above: 80 }), 'rules[0].above', /from 0 to 1/],
  ['a size for a duration', rule({ metric: 'loopBlocked', above: '5MB' }), 'rules[0].above', /'500ms'/],
  ['per cent beyond 100', rule({ metric: 'pressure', above: 101 }), 'rules[0].above', /0 to 100/],
  ['text for a count', rule({ metric: 'majorFaults', above: '' }), 'rules[0].above', /a number/],
  ['text for a growth', rule({ metric: 'liveHeapGrowth', above: 'fast' }), 'rules[0].above', /bytes per second/],
  ['clear beyond above', rule({ clear: 2 }), 'rules[0].clear', /not above the threshold 1/],
  ['clear beyond below', rule({ above: undefined, below: 5, clear: 4 }), 'rules[0].clear', /not below the threshold 5/],
  ['a limit without per', rule({ limit: { count: 1 } }), 'rules[0].limit', /both count and per/],
  ['a limit of 0', rule({ limit: { count: 0, per: '1h' } }), 'rules[0].limit.count', /1 to 10000/],
  ['one action as text', rule({ do: 'snapshot' }), 'rules[0].do', /an array/],
  ['an unknown action', rule({ do: ['snapshots'] }), 'rules[0].do[0]', /did you mean 'snapshot'\?/],
  ['two rules of one name', { rules: [rule().rules[0], rule().rules[0]] }, 'rules[1].name', /no other rule/],
  ['an unknown mode', { snapshots: { mode: 'spoon' } }, 'snapshots.mode', /'auto', 'fork', 'inline'/],
  ['an empty folder', { snapshots: { dir: '' } }, 'snapshots.dir', /non-empty/],
  ['a folder with NUL', { snapshots: { dir: 'a\0b' } }, 'snapshots.dir', /NUL/],
  ['a folder and a file', { snapshots: { dir: 'a', path: 'b' } }, 'snapshots.path', /both dir and path/],
  ['a level beyond', { snapshots: { level: 20 } }, 'snapshots.level', /0 to 19/],
  ['keep nothing', { snapshots: { keep: { count: 0 } } }, 'snapshots.keep.count', /from 1/],
  ['keep under another name', { snapshots: { keep: { size: 1 } } }, 'snapshots.keep.size', /count, bytes, age/],
  ['redact as text', { snapshots: { redact: 'yes' } }, 'snapshots.redact', /true or false/],
  ['an AbortSignal for all', { snapshots: { signal: AbortSignal.timeout(1) } }, 'snapshots.signal', /takeSnapshot/],
  ['nearHeapLimit as text', { nearHeapLimit: 'yes' }, 'nearHeapLimit', /true, false or an object/],
  ['leaks', { leaks: true }, 'leaks', /this version/],
  ['an unknown signal', { signal: 'SIGUSR3' }, 'signal', /did you mean/],
  ['a signal nobody can hear', { signal: 'SIGKILL' }, 'signal', /SIGKILL/],
  ['one that nobody can hold back', { freezeOn: ['SIGTERM', 'SIGKILL'] }, 'freezeOn[1]', /'SIGKILL'.*'SIGTERM'/],
  ['one of a fault', { freezeOn: ['SIGSEGV'] }, 'freezeOn[0]', /SIGSEGV/],
  ['one that is no list', { freezeOn: 'SIGTERM' }, 'freezeOn', /an array of 'SIGTERM'/]
]

for (const [what, options, option, says] of refused) {
  test(`refuses ${what}`, () => {
    assert.throws(() => watch(options), (error) => {
      assert.ok(error instanceof HeapwardenError)
      assert.equal(error.code, 'HEAPWARDEN_INVALID_OPTION')
      assert.equal(error.name, 'HeapwardenError')
      assert.ok(error.message.startsWith(`${option}: `), error.message)
      assert.match(error.message, says)
      return true
    })
  })
}

test('a snapshot refuses as a rejection, not as a throw', async () => {
  for (const [options, option] of [[{ timeout: 0 }, 'timeout'], [{ signal: {} }, 'signal'], [{ memoryBudget: 'all' }, 'memoryBudget'], [{ trigger: 'x'.repeat(101) }, 'trigger'], ['file', 'options']]) {
    await assert.rejects(takeSnapshot(options), { code: 'HEAPWARDEN_INVALID_OPTION', message: new RegExp(`^${option}: `) })
  }
})

test('a long value is shown cut', () => {
  assert.throws(() => watch({ interval: 'x'.repeat(10_000) }), (error) => error.message.length < 400)
})

test('reads sizes, durations and ratios, a threshold as its metric is measured', () => {
  const read = (metric, above) => watchJson(checkWatch({ rules: [{ name: 'r', metric, above }] })).rules[0].above
  assert.equal(read('heapUsed', '512MB'), 512e6)
  assert.equal(read('rss', '1.5GiB'), 1.5 * 2 ** 30)
  assert.equal(read('heapUsedRatio', '80%'), 0.8)
  assert.equal(read('cgroupRatio', 0.85), 0.85)
  assert.equal(read('loopBlocked', '2s'), 2000)
  assert.equal(read('liveHeapGrowth', '1MB/s'), 1e6)
  assert.equal(read('liveHeapGrowth', -5), -5)
  assert.equal(read('pressure', '20%'), 20)
  assert.equal(read('majorFaults', '100'), 100)
})

test('gives the addon what it knows, in bytes and milliseconds', () => {
  const options = checkWatch({
    interval: '2s',
    rules: [{ name: 'r', metric: 'rss', below: 5, for: '3s', clear: 6, cooldown: '1m', limit: { count: 2, per: '1h' }, do: ['snapshot', 'snapshot'] }],
    snapshots: { dir: 'heaps', keep: { count: 3, bytes: '1KiB', age: '1d' }, timeout: '5s', memoryBudget: 'auto', minFreeDisk: 1.9 },
    nearHeapLimit: { wait: '1s' },
    freezeOn: ['SIGTERM', 'SIGINT', 'SIGTERM']
  })
  assert.deepEqual(JSON.parse(JSON.stringify(watchJson(options))), {
    intervalMs: 2000,
    history: 600,
    rules: [{ name: 'r', metric: 'rss', below: 5, forMs: 3000, clear: 6, cooldownMs: 60_000, limit: { count: 2, perMs: 3_600_000 }, do: ['snapshot'] }],
    snapshots: { dir: `${process.cwd()}/heaps`, mode: 'auto', keepCount: 3, keepBytes: 1024, keepAgeMs: 86_400_000, timeoutMs: 5000, minFreeDisk: 1 },
    nearHeapLimit: { waitMs: 1000 },
    freezeOn: ['SIGTERM', 'SIGINT']
  })
})

test('undefined is as good as nothing, everywhere', () => {
  assert.deepEqual(checkWatch({ interval: undefined, snapshots: { keep: { count: undefined } } }), { ...checkWatch(), snapshots: { keep: {} } })
})

test('without rules the three documented ones', () => {
  const { rules, interval, history } = checkWatch()
  assert.deepEqual(rules.map(({ name, above, below, forMs, do: actions }) => [name, above ?? -below, forMs, actions]),
    [['heapUsedRatio', 0.8, 30_000, ['snapshot']], ['cgroupRatio', 0.85, 30_000, ['snapshot']], ['cgroupFullIn', -10_000, 0, ['snapshot']]])
  assert.deepEqual([interval, history], [1000, 600])
})

test('a rule without do has no action; an update without a name leaves it alone', () => {
  assert.deepEqual(checkWatch(rule()).rules[0].do, [])
  assert.deepEqual(checkUpdate({ history: 5 }), { history: 5 })
})

test("a snapshot's options go over its monitor's, and a place replaces the other kind of place", () => {
  const base = checkSnapshot({ dir: '/a', stableIds: true, keep: { count: 3 } })
  const merged = mergeSnapshots(base, checkSnapshot({ path: '/b', keep: { age: 5 } }))
  assert.deepEqual(snapshotJson(merged), { mode: 'auto', path: '/b', stableIds: true, keepCount: 3, keepAgeMs: 5 })
})

test('options may come from a class with getters', async () => {
  class Options { get interval () { return '5s' } }
  assert.equal(checkUpdate(new Options()).interval, 5000)
  await new Monitor(new Options()).stop()
})

test('proposes near names only', () => {
  assert.equal(closest('heapused', ['heapUsed', 'rss']), 'heapUsed')
  assert.equal(closest('x'.repeat(5), ['heapUsed', 'rss']), undefined)
  assert.equal(closest('x'.repeat(1e6), ['heapUsed']), undefined)
})

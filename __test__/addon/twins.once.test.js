'use strict'

// What stands in for the addon where there is no binary, against the addon itself, on the same random input.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const machine = require('../../lib/addon/fallback/machine')
const metrics = require('../../lib/addon/fallback/metrics')
const names = require('../../lib/addon/fallback/name')
const units = require('../../lib/addon/fallback/units')
const frames = require('../../lib/addon/fallback/frames')
const reader = require('../../lib/addon/fallback/reader')
const store = require('../../lib/addon/fallback/store')
const native = require('../../lib/addon/native')
const { capabilities, openSnapshot } = require('../..')
const { root, tempDir } = require('../support/helpers')

const folder = path.join(root, 'native')
const addon = fs.readdirSync(folder).find((name) => name.endsWith('.node'))
const binding = require(path.join(folder, addon))

/** Random numbers that are the same at every run, and told by their seed. */
function random (seed) {
  let state = seed
  const next = () => {
    state = (state + 0x6D2B79F5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)] }
}

const outcomeOf = (work) => {
  try {
    return { value: work() }
  } catch (error) {
    return { code: error.code }
  }
}

test('sizes, durations and ratios are read the same', () => {
  const { below, pick } = random(1)
  const digits = ['0', '1', '5', '9', '12', '007', '1023', '99999', '9007199254740993', '18446744073709551615', '18446744073709551616', '4294967296', '123456789']
  const blanks = ['', '', '', ' ', '\t', '\u00a0', '\u2003', '\u0085', '\ufeff', '\n', '\u180e']
  const suffixes = ['', 'B', 'kb', 'KB', 'KiB', 'mib', 'MB', 'GiB', 'Tb', 'TIB', 'ms', 's', 'm', 'H', 'd', '%', 'e5', 'x', '\u212a', 'K\u0130B', 'days', '\u0000']
  const number = () => pick([
    () => pick(digits), () => `${pick(digits)}.${pick(digits)}`, () => `.${pick(digits)}`, () => `${pick(digits)}.`, () => '.', () => '', () => `-${pick(digits)}`,
    () => `${pick(digits)}.${pick(digits)}.1`, () => `0.${'0'.repeat(below(30))}${pick(digits)}`, () => `${below(2 ** 32)}.${below(1e6)}`, () => '\uff11', () => '9'.repeat(below(330)), () => '\ud800'
  ])()
  let read = 0
  for (let i = 0; i < 20_000; i++) {
    const text = pick(blanks) + number() + pick(blanks) + pick(suffixes) + pick(blanks)
    for (const parse of ['parseBytes', 'parseDuration', 'parseRatio']) {
      const expected = outcomeOf(() => binding[parse](text))
      assert.deepEqual(outcomeOf(() => units[parse](text)), expected, `${parse}(${JSON.stringify(text)})`)
      read += 'value' in expected
    }
  }
  assert.ok(read > 3000, `only ${read} of them were any`)
})

/** A rule as lib/options/rules.js makes it. */
function rule ({ below, pick }) {
  const threshold = below(10) - 5
  const slack = below(4)
  const side = pick(['above', 'below'])
  return {
    name: 'r',
    metric: 'liveHeapGrowth',
    [side]: threshold,
    forMs: pick([0, below(12)]),
    cooldownMs: pick([0, below(40)]),
    do: pick([[], ['snapshot']]),
    ...below(2) && { clear: side === 'above' ? threshold - slack : threshold + slack },
    ...below(2) && { limit: { count: 1 + below(3), perMs: 1 + below(59) } }
  }
}

/** Calm and trouble in stretches, gaps in the knowledge, a clock that is set back and forth. */
function series ({ below, pick }) {
  const all = []
  let now = 1_000_000
  let wall = 5_000_000
  for (let stretch = 1 + below(60); stretch > 0; stretch--) {
    const value = pick([below(18) - 9, below(18) - 9, 9, -9, null])
    for (let i = 1 + below(5); i > 0; i--) {
      now += pick([...Array.from({ length: 20 }, () => below(8)), -below(200), below(200)])
      // On the wall time may pass that is none to the sampler, and the other way round.
      wall += pick([below(8), below(8), below(8), -below(300), below(300)])
      all.push([now, value, wall])
    }
  }
  return all
}

test('rules are judged the same', () => {
  const seen = { breach: 0, recovered: 0, limited: 0 }
  for (let seed = 1; seed <= 2000; seed++) {
    const dice = random(seed)
    const [one, samples] = [rule(dice), series(dice)]
    const state = machine.begin()
    const ours = samples.map(([now, value, at]) => {
      const outcome = machine.step(one, state, metrics.read(one.metric, { liveHeapGrowth: value }), now, at) ?? null
      if (outcome) seen[outcome.type]++
      if (outcome?.limited) seen.limited++
      return [outcome, { ...machine.shown(state) }]
    })
    assert.deepEqual(ours, JSON.parse(binding.judgeForTest(JSON.stringify(one), JSON.stringify(samples))), `seed ${seed}, ${JSON.stringify(one)}`)
  }
  for (const [what, times] of Object.entries(seen)) assert.ok(times > 100, `${what} ${times} times only`)
})

test('there are the same metrics, of the same kinds, and the same capabilities', () => {
  assert.deepEqual(Object.entries(metrics.kinds).map(([name, kind]) => ({ name, kind })), JSON.parse(binding.metrics()))
  const { create } = require('../../lib/addon/fallback')
  const without = JSON.parse(create('a test', { diagnosticDir: () => undefined }).capabilities())
  assert.deepEqual(Object.keys(without).sort(), Object.keys(capabilities).sort())
  assert.deepEqual(Object.keys(without.snapshots).sort(), Object.keys(capabilities.snapshots).sort())
  for (const { available, reason } of [...Object.values(without), ...Object.values(without.snapshots)].filter((one) => 'available' in one)) {
    if (!available) assert.match(reason, /\S/)
  }
})

test('what a rule can set off without the binary it can set off with it, and a snapshot with both', () => {
  const { actions } = require('../../lib/addon/fallback/actions')
  const known = JSON.parse(binding.actions())
  assert.ok(known.includes('snapshot') && Object.hasOwn(actions, 'snapshot'))
  assert.deepEqual(Object.keys(actions).filter((name) => !known.includes(name)), [])
})

test('the container and the pressure are read as the addon reads them', async (t) => {
  const { watch } = require('../..')
  const { clock, look } = require('../../lib/addon/fallback/figures')
  const monitor = watch({ rules: [] })
  t.after(() => monitor.stop())
  const [theirs, ours] = [await monitor.sample(), look(clock(), 0)]
  assert.equal(ours.cgroup === null, theirs.cgroup === null)
  assert.equal(ours.cgroup?.limit, theirs.cgroup?.limit)
  assert.equal(ours.cgroup?.oomKills, theirs.cgroup?.oomKills)
  assert.equal(ours.pressure === null, theirs.pressure === null)
  for (const name of ['anonymous', 'file', 'rss', 'heapTotal']) {
    assert.ok(Math.abs(ours[name] - theirs[name]) < 0.2 * theirs[name] + 8e6, `${name}: ${ours[name]}, the addon says ${theirs[name]}`)
  }
  assert.equal(ours.swap, theirs.swap)
})

test('names are read as they are made', () => {
  const header = { at: Date.UTC(2026, 1, 28, 23, 59, 59, 7), pid: 12, threadId: 0, trigger: ' Rule: Größe--1! ' }
  for (const zstd of [true, false]) {
    const name = names.generate(header, zstd)
    assert.match(name, /^heapwarden-20260228T235959\.007Z-12-0-rule-gr-e-1-[0-9a-f]{4}\.heapsnapshot/)
    assert.deepEqual(names.parse(name), { at: header.at, pid: 12, threadId: 0, trigger: 'rule-gr-e-1', form: 'snapshot', zstd })
    assert.equal(names.parseTemporary(names.temporary(name)), 12)
    assert.equal(names.parse(names.temporary(name)), undefined)
    const image = name.replace(/\.heapsnapshot(\.zst)?$/, '.heapimage.zst')
    assert.deepEqual(names.parse(image), { ...names.parse(name), form: 'image', zstd: true })
  }
  for (const other of ['x.heapsnapshot', 'heapwarden-20260231T000000.000Z-1-0-x-0000.heapsnapshot.', 'heapwarden-20261301T000000.000Z-1-0-x-0000.heapsnapshot']) {
    assert.equal(names.parse(other), undefined, other)
  }
})

test('an image is the same row, whole or cut, and is opened by neither', async (t) => {
  const dir = tempDir(t)
  const header = { format: 1, heapwarden: '0.1.0', at: Date.UTC(2026, 1, 28), pid: 12, mode: 'fork', trigger: 'rss', form: 'image', reason: 'no room' }
  const data = Buffer.from('twelve bytes')
  const trailer = { complete: true, rawBytes: 40, dataBytes: data.length, frames: 1, nodes: null, pauseMs: 1, durationMs: 2, attempts: 1 }
  const whole = Buffer.concat([frames.header(header), data, frames.trailer(trailer)])
  const name = 'heapwarden-20260228T000000.000Z-12-0-rss-00ff.heapimage.zst'
  fs.writeFileSync(path.join(dir, name), whole)
  fs.writeFileSync(path.join(dir, name.replace('00ff', '00fe')), whole.subarray(0, -1))
  fs.writeFileSync(path.join(dir, name.replace('00ff', '00fd')), whole.subarray(0, 5))
  const rows = JSON.parse(await native.list(dir))
  assert.deepEqual(await store.list(dir), rows)
  assert.deepEqual(rows.map(({ form, complete, reason, nodes }) => ({ form, complete, reason, nodes })),
    [true, false, false].map((complete, i) => ({ form: 'image', complete, reason: i < 2 ? 'no room' : null, nodes: null })))
  const refused = { code: 'HEAPWARDEN_UNSUPPORTED', message: /heapwarden thaw .*00ff\.heapimage\.zst makes/ }
  assert.throws(() => native.openSnapshot(rows[0].path), refused)
  // Which is thawed, and this one holds nothing.
  await assert.rejects(openSnapshot(rows[0].path).toArray(), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT', message: /00ff\.heapimage\.zst is damaged/ })
  await assert.rejects(reader.openSnapshot(rows[0].path).read(10), refused)
})

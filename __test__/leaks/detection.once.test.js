'use strict'

// The rules that ours is compared with, on a program that leaks and on one that does not; and the tables that come of it.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { rows } = require('./collect')
const { markdown } = require('../../scripts/detection/report')
const { rules } = require('../../scripts/detection/rules')

const row = (table, name) => rows(table).find((one) => one.name === name)

test('a heap that grows with every round is seen by both rules', async () => {
  const { threshold, memwatch } = await rules(row('leaks', 'page-cache'))
  assert.ok(threshold.said, `× ${threshold.times}`)
  assert.ok(memwatch.said)
})

test('in a worker thread too', async () => {
  const { threshold } = await rules({ ...row('leaks', 'image-resizer'), perRound: 60 })
  assert.ok(threshold.said, `× ${threshold.times}`)
})

test('a heap that stays is quiet', async () => {
  const { threshold } = await rules(row('healthy', 'lru-full'))
  assert.ok(!threshold.said, `× ${threshold.times}`)
})

test('tables: what failed has neither hit nor missed', () => {
  const yes = { said: true, named: true }
  const seen = { said: true }
  const no = { said: false, named: false }
  assert.equal(markdown([
    { name: 'a', table: 'leaks', memlab: yes, memwatch: seen },
    { name: 'b', table: 'leaks', memlab: { error: true }, memwatch: no },
    { name: 'c', table: 'healthy', memlab: no, memwatch: seen }
  ]), `|  | leaks seen | of them named | false alarms |
|---|---|---|---|
| memlab | 1 of 1 | 1 of 1 | 0 of 1 |
| five growing collections | 1 of 2 | names nothing | 1 of 1 |

| leaks | memlab | five growing collections |
|---|---|---|
| \`a\` | named | seen |
| \`b\` | failed | **missed** |

| does not leak | memlab | five growing collections |
|---|---|---|
| \`c\` | quiet | **false alarm** |`)
})

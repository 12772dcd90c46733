'use strict'

// The healthy half of the truth table: each row has its program, and the programs do what their first comments say.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { collect, rows } = require('../leaks/collect')
const { summarize } = require('../..')
const { tempDir } = require('../support/helpers')

const all = rows('healthy')
const row = (name) => all.find((one) => one.name === name)

/** How many of a class each snapshot has: plain objects are named by what they hold that is no number. */
async function counts (t, one, className) {
  const paths = await collect(one, { out: tempDir(t) })
  const found = []
  for (const file of paths) found.push((await summarize(file)).classes.find(({ name }) => name === className)?.count ?? 0)
  return found
}

test('each row has its program, each program its row, and its first comment says why it does not leak', () => {
  const there = fs.readdirSync(__dirname).filter((file) => !/^table\./.test(file)).map((file) => file.replace(/\.js$/, ''))
  assert.deepEqual(all.map(({ name }) => name).sort(), there.sort())
  for (const { name, program } of all) assert.match(fs.readFileSync(program, 'utf8'), /^'use strict'\n\n\/\/ Why it does not leak: /, name)
})

test('a sawtooth: what is flushed at five hundred is found at five phases', async (t) => {
  const found = await counts(t, row('sawtooth'), '{path, headers, body}')
  assert.deepEqual(found.map((count) => count - found[0] + 60), [60, 360, 160, 460, 260])
})

test('a backlog: the queue grows under load and is empty at rest', async (t) => {
  const found = await counts(t, { ...row('job-queue'), warmUp: 20, perRound: 100 }, '{id, payload}')
  assert.ok(found[0] <= 1 && found[3] <= 1, `${found} at rest`)
  assert.ok(found[1] > 50, `${found} under load`)
})

test('a night: the sessions of the last wave have ended before the next one', async (t) => {
  const found = await counts(t, { ...row('daily-waves'), warmUp: 60, snapshots: 3, perRound: [90, 30] }, '{id, visitor, basket}')
  assert.ok(found[2] <= 31, `${found}`)
})

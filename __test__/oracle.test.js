'use strict'

// Our numbers are DevTools' numbers: every node, class and sum of snapshots of many kinds of heaps, on every version of
// Node and with everything that V8 can be asked to put into them. DevTools' own code tells what is right.
//
// The test command takes each heap on each version with one of the options in turn, and the two large heaps once.
// `npm run oracle -- --all` takes everything with everything; `--only NAME` one heap.

const assert = require('node:assert/strict')
const { readdirSync, rmSync } = require('node:fs')
const { join } = require('node:path')
const { before, describe, test } = require('node:test')
const { parseArgs } = require('node:util')
const { nodeBinary } = require('../scripts/test/nodes')
const { run, tempDir } = require('./helpers')
const { ensureBundle } = require('./oracle/bundle')
const { differences } = require('./oracle/compare')
const devtools = require('./oracle/devtools')
const engine = require('./oracle/engine')

const MAJORS = [20, 22, 24, 26]
const OPTIONS = ['default', 'internals', 'numeric']
const TAKE_TIMEOUT_MS = 120_000

const { values: { all, only } } = parseArgs({ strict: false, options: { all: { type: 'boolean' }, only: { type: 'string' } } })

const heaps = readdirSync(join(__dirname, 'oracle', 'heaps')).map((file) => file.replace('.js', ''))
  .filter((name) => only === undefined || name === only)
const about = (name) => require(`./oracle/heaps/${name}`)

/** What is compared: { name, major, kind }. */
const cases = heaps.flatMap((name, place) => MAJORS.flatMap((major, turn) => {
  const { heavy, change } = about(name)
  const options = OPTIONS.filter((_, index) => all || (place + turn) % OPTIONS.length === index)
  const mine = (place + 2) % MAJORS.length === turn
  return [
    ...all || !heavy || mine ? options : [],
    ...change && (all || mine) ? ['pair'] : []
  ].map((kind) => ({ name, major, kind }))
}))

/** Takes the snapshots of a case. */
async function take ({ name, major, kind }, dir) {
  const program = join(__dirname, 'oracle', 'take.js')
  const { status, signal, stdout, stderr } = await run(await nodeBinary(major), [program, name, dir, kind], { timeout: TAKE_TIMEOUT_MS })
  assert.equal(status, 0, `take.js ended with ${signal ?? status}: ${stderr}`)
  return JSON.parse(stdout)
}

const load = async (file) => ({ ours: await engine.load(file), snapshot: await devtools.load(file) })

before(async () => {
  await Promise.all([ensureBundle(), engine.program(), ...MAJORS.map(nodeBinary)])
})

test('nothing is left out', { skip: only !== undefined }, () => {
  const met = (part) => new Set(cases.map(part))
  for (const name of heaps) assert.ok(met((one) => one.name).has(name), name)
  for (const major of MAJORS) {
    for (const option of OPTIONS) assert.ok(met((one) => `${one.major} ${one.kind}`).has(`${major} ${option}`), `Node ${major}, ${option}`)
  }
  assert.ok(cases.filter(({ kind }) => kind === 'pair').length >= MAJORS.length)
})

test('a difference would be seen', async (t) => {
  const [file] = await take({ name: 'idle', major: 24, kind: 'default' }, tempDir(t))
  const { ours, snapshot } = await load(file)
  assert.deepEqual(differences(ours, snapshot), [])
  const last = ours.nodes - 1
  const alter = {
    ...Object.fromEntries(Object.entries(ours.columns).map(([name, column]) => [name, () => { column[last]++; return () => column[last]-- }])),
    'class names': () => { const { key, name } = ours.classes[ours.classOf[last]]; ours.classes[ours.classOf[last]].name += 'x'; return () => Object.assign(ours.classes[ours.classOf[last]], { key, name }) },
    names: () => { ours.names[last] ^= 1; return () => { ours.names[last] ^= 1 } },
    classes: () => { const [row] = ours.classes.filter(({ count }) => count > 1); row.retained++; return () => row.retained-- },
    'classes as shown': () => { const row = ours.ranking.pop(); return () => ours.ranking.push(row) },
    statistics: () => { ours.statistics.code++; return () => ours.statistics.code-- }
  }
  for (const [name, change] of Object.entries(alter)) {
    const back = change()
    const found = differences(ours, snapshot)
    assert.ok(found.some((line) => line.startsWith(`${name}: 1 differ`) || (name === 'class names' && /^class names: \d+ differ/.test(line))), `${name}: ${found.join('\n')}`)
    back()
  }
  assert.deepEqual(differences(ours, snapshot), [])
})

// While one is compared in this process, the next one's snapshot is taken by another.
describe('no number differs', { concurrency: 2 }, () => {
  for (const one of cases) {
    test(`${one.name} on Node ${one.major}, ${one.kind}`, async (t) => {
      const dir = tempDir(t)
      for (const file of await take(one, dir)) {
        const { ours, snapshot } = await load(file)
        const found = differences(ours, snapshot)
        assert.ok(found.length === 0, found.join('\n'))
        rmSync(file)
      }
    })
  }
})

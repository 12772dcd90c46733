'use strict'

// Our numbers are DevTools' numbers: every node, class and sum of snapshots of many kinds of heaps, on every version of
// Node and with everything that V8 can be asked to put into them. DevTools' own code tells what is right.
//
// And each goes through suspects and report, whole and cut, and with its texts masked.
//
// The test command takes each heap on each version with one of the options in turn, and the two large heaps once.
// `npm run oracle -- --all` takes everything with everything; `--only NAME` one heap.

const assert = require('node:assert/strict')
const { copyFileSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } = require('node:fs')
const { basename, join } = require('node:path')
const { before, describe, test } = require('node:test')
const { parseArgs } = require('node:util')
const { MAJORS, nodeBinary } = require('../../scripts/test/nodes')
const { run, tempDir } = require('../support/helpers')
const { questioned } = require('../support/questioned')
const { ensureBundle } = require('./bundle')
const { differences, differencesOfDiff } = require('./compare')
const devtools = require('./devtools')
const engine = require('./engine')

const OPTIONS = ['default', 'internals', 'numeric']
const TAKE_TIMEOUT_MS = 120_000

const { values: { all, only } } = parseArgs({ strict: false, options: { all: { type: 'boolean' }, only: { type: 'string' } } })

const heaps = readdirSync(join(__dirname, 'heaps')).map((file) => file.replace('.js', ''))
  .filter((name) => only === undefined || name === only)
if (heaps.length === 0) throw new Error(`--only: there is no heap "${only}"`)
const about = (name) => require(`./heaps/${name}`)

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
  const program = join(__dirname, 'take.js')
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

/** Makes one thing wrong in what we made of a snapshot; the name is how it is to be reported. */
const mistakes = {
  ids: ({ columns }) => columns.ids[7]++,
  selfSizes: ({ columns }) => columns.selfSizes[7]++,
  retainedSizes: ({ columns }) => columns.retainedSizes[7]--,
  distances: ({ columns }) => columns.distances[7]++,
  dominators: ({ columns }) => columns.dominators[7]++,
  'class names': ({ classes, classOf }) => { classes[classOf[7]].name += 'x' },
  names: ({ names }) => { names[7] ^= 1 },
  classes: ({ classes }) => classes.find(({ count }) => count > 0).distance++,
  'classes as shown': ({ ranking }) => ranking.pop(),
  statistics: ({ statistics }) => statistics.code++,
  'duplicate strings': ({ duplicates }) => duplicates.push(duplicates.shift())
}

test('a mistake would be seen', async (t) => {
  const [file] = await take({ name: 'idle', major: 24, kind: 'default' }, tempDir(t))
  const { ours, snapshot } = await load(file)
  assert.deepEqual(differences(ours, snapshot), [])
  for (const [what, mistake] of Object.entries(mistakes)) {
    const wrong = structuredClone(ours)
    mistake(wrong)
    const found = differences(wrong, snapshot)
    assert.ok(found[0]?.startsWith(`${what}: `), `${what}: ${found.join('\n')}`)
  }
  const row = { key: ',Object', added: 2, removed: 1, addedSize: 56, removedSize: 28 }
  assert.deepEqual(differencesOfDiff([row], [row]), [])
  for (const wrong of [[], [{ ...row, added: 3 }], [row, row], [row, { ...row, key: ',Array' }]]) {
    assert.match(differencesOfDiff(wrong, [row])[0], /^comparison: 1 differ$/)
  }
})

test('sizes of 4 GB and more are what they are, of which DevTools keeps 32 bits', async (t) => {
  const size = 5_000_000_000
  const [file] = await take({ name: 'idle', major: 24, kind: 'default' }, tempDir(t))
  const json = JSON.parse(readFileSync(file))
  const { node_fields: fields, node_types: types } = json.snapshot.meta
  const string = types[0].indexOf('string')
  const node = json.nodes.findLastIndex((value, at) => at % fields.length === 0 && value === string) / fields.length
  json.nodes[node * fields.length + fields.indexOf('self_size')] = size
  writeFileSync(file, JSON.stringify(json))
  const { ours, snapshot } = await load(file)
  const theirs = devtools.columns(snapshot)
  assert.equal(ours.columns.selfSizes[node], size)
  assert.equal(theirs.selfSizes[node], size % 2 ** 32)
  assert.equal(ours.columns.retainedSizes[0], theirs.retainedSizes[0] + 2 ** 32)
  assert.equal(ours.statistics.strings, devtools.statistics(snapshot).strings + 2 ** 32)
})

test('rows of types that the header has not got, as Node 8 writes symbols, are what DevTools makes of them', async (t) => {
  const [file] = await take({ name: 'idle', major: 24, kind: 'default' }, tempDir(t))
  const json = JSON.parse(readFileSync(file))
  const { node_fields: fields, node_types: types } = json.snapshot.meta
  // That of Node 8 ended here.
  const listed = types[0].indexOf('symbol')
  types[0].length = listed
  const beyond = json.nodes.filter((value, at) => at % fields.length === fields.indexOf('type') && value >= listed)
  assert.ok(beyond.length > 10 && beyond.includes(listed))
  writeFileSync(file, JSON.stringify(json))
  const { ours, snapshot } = await load(file)
  assert.deepEqual(differences(ours, snapshot), [])
})

/** Shares of a file that are left of it: of its beginning, its nodes, its edges, its strings. */
const CUTS = [0.001, 0.05, 0.3, 0.6, 0.9, 0.999]
let cuts = 0

/** A cut one is refused as such, or marked: nothing else. */
async function cutOne (file) {
  const share = CUTS[cuts++ % CUTS.length]
  const cut = `${file}.cut`
  copyFileSync(file, cut)
  truncateSync(cut, Math.floor(statSync(file).size * share))
  await assert.rejects(questioned([cut]), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT' })
  try {
    assert.equal((await questioned([cut], { salvage: true })).complete, false)
  } catch (error) {
    // Without all its nodes it is none.
    if (error.code !== 'HEAPWARDEN_CORRUPT_SNAPSHOT' || share > 0.5) throw error
  }
}

// While one is compared in this process, the next one's snapshot is taken by another.
describe('no number differs', { concurrency: 2 }, () => {
  for (const one of cases) {
    test(`${one.name} on Node ${one.major}, ${one.kind}`, async (t) => {
      const isMasked = one.kind === 'default' && about(one.name).stream === undefined
      const files = await take(isMasked ? { ...one, kind: 'default,redacted' } : one, tempDir(t))
      const masked = isMasked ? files.pop() : undefined
      for (const file of files) await questioned([file])
      await cutOne(files[0])
      if (masked) {
        assert.equal((await questioned([masked])).redacted, true)
        // Of one moment nearly, and by their texts unlike: what has grown is said, or that nothing has.
        await questioned([files[0], masked])
      }
      const snapshots = []
      for (const file of files) {
        const { ours, snapshot } = await load(file)
        const found = differences(ours, snapshot)
        assert.ok(found.length === 0, `${basename(file)}\n${found.join('\n')}`)
        snapshots.push(snapshot)
      }
      if (one.kind !== 'pair') return
      await questioned(files)
      const found = differencesOfDiff(await engine.diff(...files), devtools.diff(...snapshots))
      assert.ok(found.length === 0, found.join('\n'))
    })
  }
})

'use strict'

// Suspects of one snapshot and of two, against the summary of the larger; each in a fresh process, in turn. The large ones are put
// together from real ones, see programs/multiply-snapshot.js.

const { mkdtempSync, rmSync, statSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { median, program } = require('./lib/measure')
const { measure } = require('./lib/rivals')

const heapwarden = join(__dirname, '..', 'bin', 'heapwarden.js')
/** Of the earlier and the later snapshot. */
const SESSIONS = { quick: [3_500, 4_000], full: [40_000, 45_000] }
const GOALS = { one: 1.5, two: 2.2, memory: 1.35 }
/** What the ratios may be larger by at 1.2 GB. */
const LARGER = 1.15

const megabytes = (bytes) => (bytes / 1e6).toFixed(0)

/** Pairs of snapshots: { name, earlier, later, bytes }. */
async function pairs (dir, { quick, large }) {
  const base = []
  for (const sessions of quick ? SESSIONS.quick : SESSIONS.full) {
    const path = join(dir, `${sessions}.heapsnapshot`)
    await program('big-heap', { sessions, path }, ['--max-old-space-size=4000'])
    base.push(path)
  }
  const all = [{ name: quick ? 'small' : '200 MB', files: base, factor: 1 }]
  if (large) {
    const times = Math.ceil(1.1e9 / statSync(base[1]).size)
    const files = []
    for (const from of base) {
      const to = from.replace(/(?=\.heapsnapshot$)/, '-large')
      await program('multiply-snapshot', { from, to, times }, ['--max-old-space-size=12000'])
      files.push(to)
    }
    all.push({ name: '1.2 GB', files, factor: LARGER })
  }
  return all.map(({ name, files: [earlier, later], factor }) => ({ name, earlier, later, factor, bytes: statSync(later).size }))
}

async function compare ({ name, earlier, later, factor, bytes }, { rounds, note }) {
  const run = async (...args) => {
    const seen = await measure(process.execPath, [heapwarden, ...args, '--json'], { found: 1 })
    if (Number.isNaN(seen.ms)) throw new Error(`${args.join(' ')} failed: ${seen.stderr}`)
    return seen
  }
  const ways = {
    summary: () => run('summary', later),
    'suspects of one': () => run('suspects', later),
    'suspects of two': () => run('suspects', earlier, later),
    parse: () => program('parse', { path: later }),
    // One Node process that does nothing: part of every other figure.
    node: () => measure(process.execPath, ['-e', '0'])
  }
  const seen = {}
  for (let round = 0; round < rounds; round++) {
    for (const [way, run] of Object.entries(ways)) (seen[way] ??= []).push(await run())
  }
  const middle = (way, what) => median(seen[way].map((one) => one[what]))
  for (const way of Object.keys(seen).filter((way) => way !== 'parse')) {
    note(`${name}, ${way}: ${(middle(way, 'ms') / 1000).toFixed(2)} s, ${(middle(way, 'cpu') / 1000).toFixed(2)} s of CPU, peak rss ${megabytes(middle(way, 'rss'))} MB`)
  }
  note(`${name}: ${megabytes(bytes)} MB of JSON, read in ${(middle('parse', 'ms') / 1000).toFixed(2)} s`)
  const summary = middle('summary', 'ms')
  const one = middle('suspects of one', 'ms')
  const two = middle('suspects of two', 'ms')
  const rss = Math.max(middle('suspects of one', 'rss'), middle('suspects of two', 'rss'))
  const goal = (of) => Number((GOALS[of] * factor).toFixed(2))
  return [
    { what: `${name}: time, suspects / summary`, value: one / summary, unit: '×', atMost: goal('one') },
    { what: `${name}: the same, CPU`, value: middle('suspects of one', 'cpu') / middle('summary', 'cpu'), unit: '×' },
    { what: `${name}: time, (suspects of two − a parse) / summary`, value: (two - middle('parse', 'ms')) / summary, unit: '×', atMost: goal('two') },
    { what: `${name}: suspects of two / summary, CPU`, value: middle('suspects of two', 'cpu') / middle('summary', 'cpu'), unit: '×' },
    { what: `${name}: peak rss of suspects / JSON of the larger`, value: rss / bytes, unit: '×', atMost: goal('memory') },
    { what: `${name}: (the same − an empty Node's) / JSON`, value: (rss - middle('node', 'rss')) / bytes, unit: '×' },
    { what: `${name}: peak rss, suspects / summary`, value: rss / middle('summary', 'rss'), unit: '×' }
  ]
}

async function run ({ rounds, quick, large, note }) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  const results = []
  try {
    for (const pair of await pairs(dir, { quick, large })) results.push(...await compare(pair, { rounds, note }))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  return results
}

module.exports = { name: 'suspects', title: 'suspects of one snapshot and of two, against a summary', run }

'use strict'

// Analysis against the other readers of heap snapshots: classes, retained sizes, distances, statistics of the same file, each in
// a fresh process, in turn. The large files are put together from a real one, see programs/multiply-snapshot.js.

const { execFileSync } = require('node:child_process')
const { mkdtempSync, rmSync, statSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { nodeBinary } = require('../scripts/test/nodes')
const { median, program } = require('./lib/measure')
const { measure, rivals } = require('./lib/rivals')

const heapwarden = join(__dirname, '..', 'bin', 'heapwarden.js')
/** Millions of bytes: what each file should have at least. */
const SESSIONS = { quick: 4_000, full: 45_000 }

const megabytes = (bytes) => (bytes / 1e6).toFixed(0)

/** The files: name → { path, zst, bytes, nodes }. */
async function files (dir, { quick, large, note }) {
  const base = join(dir, 'base.heapsnapshot')
  await program('big-heap', { sessions: quick ? SESSIONS.quick : SESSIONS.full, path: base }, ['--max-old-space-size=4000'])
  const all = [{ name: quick ? 'small' : '200 MB', path: base }]
  if (large) {
    const { size } = statSync(base)
    for (const [name, least] of [['1 GB', 1.05e9], ['1.5 GB', 1.6e9]]) {
      const path = join(dir, `${name.replace(' ', '')}.heapsnapshot`)
      await program('multiply-snapshot', { from: base, to: path, times: Math.ceil(least / size) }, ['--max-old-space-size=12000'])
      all.push({ name, path })
    }
  }
  for (const file of all) {
    file.bytes = statSync(file.path).size
    execFileSync('zstd', ['-q', '-3', '-f', file.path, '-o', file.zst = `${file.path}.zst`])
    note(`${file.name}: ${megabytes(file.bytes)} MB of JSON, ${megabytes(statSync(file.zst).size)} MB as zstd`)
  }
  return all
}

async function run ({ rounds, quick, large, note }) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  const results = []
  try {
    const node = quick ? process.execPath : await nodeBinary(20)
    const { found, missing } = await rivals({ node })
    for (const [name, why] of Object.entries(missing)) note(`${name} is not compared: ${why}`)
    const perMegabyte = []
    for (const file of await files(dir, { quick, large, note })) {
      perMegabyte.push(await compare(file, { found, rounds, node, note, results }))
    }
    if (perMegabyte.length > 1) {
      results.push({ what: `time per MB, ${perMegabyte[1].name} / ${perMegabyte[0].name}`, value: perMegabyte[1].ms / perMegabyte[0].ms, unit: '×', atMost: 1.15 })
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  return results
}

async function compare ({ name, path, zst, bytes }, { found, rounds, node, note, results }) {
  const summary = (file, ...flags) => measure(node, [heapwarden, 'summary', file, '--json', ...flags])
  const ways = {
    ours: () => summary(path),
    'ours, .zst': () => summary(zst),
    'zstd -dc': () => measure('sh', ['-c', 'zstd -dcq "$0" > /dev/null', zst]),
    // One Node process that does nothing: part of every other figure.
    node: () => measure(node, ['-e', '0'])
  }
  const seen = {}
  for (let round = 0; round < rounds; round++) {
    for (const [way, run] of Object.entries(ways)) (seen[way] ??= []).push(await run())
    // The slow ones are measured once or twice: they decide no percent.
    if (round < 2) for (const [rival, run] of Object.entries(found)) (seen[rival] ??= []).push(await run(path))
  }
  const ms = (way) => median(seen[way].map((one) => one.ms))
  const rss = (way) => median(seen[way].map((one) => one.rss))
  const cpu = (way) => median(seen[way].map((one) => one.cpu))
  for (const way of Object.keys(seen)) {
    const failed = seen[way].find((one) => Number.isNaN(one.ms))
    note(`${name}, ${way}: ${failed ? `FAILED (${failed.status}) ${failed.stderr.trim().split('\n').at(-1)}` : `${(ms(way) / 1000).toFixed(2)} s`}, ${(cpu(way) / 1000).toFixed(2)} s of CPU, peak rss ${megabytes(rss(way))} MB`)
  }
  if (Number.isNaN(ms('ours'))) throw new Error(`our own summary of ${name} failed: ${seen.ours[0].stderr}`)
  const goals = { DevTools: 12, memlab: 12, '@heap-snapshot/tool': 3 }
  for (const rival of Object.keys(found)) {
    const value = ms(rival) / ms('ours')
    if (!Number.isNaN(value)) results.push({ what: `${name}: time, ${rival} / ours`, value, unit: '×', atLeast: goals[rival] })
  }
  results.push(
    { what: `${name}: peak rss / JSON`, value: rss('ours') / bytes, unit: '×', atMost: 0.8 },
    { what: `${name}: (peak rss − an empty Node's) / JSON`, value: (rss('ours') - rss('node')) / bytes, unit: '×' },
    { what: `${name}: time, .zst / plain`, value: ms('ours, .zst') / ms('ours'), unit: '×' },
    { what: `${name}: time, .zst / zstd -dc`, value: ms('ours, .zst') / ms('zstd -dc'), unit: '×' }
  )
  return { name, ms: (ms('ours') - ms('node')) / bytes }
}

module.exports = { name: 'heap', title: 'analysis against the other readers of heap snapshots', run }

#!/usr/bin/env node
'use strict'

// Writes what repeats the addon's table of metrics (src/watch/sample.rs): the table in docs/watching.md, the types Metric and BytesMetric in
// index.d.ts, and the list in lib/addon/fallback/metrics.js for where there is no addon. Nothing else of these files is touched.
// Asks the addon that is built.

const fs = require('node:fs')
const path = require('node:path')
const { commandLine } = require('./base/command-line')

const USAGE = `usage: node scripts/generate.js [--check]

  --check   writes nothing; fails, and says which files differ, when what stands there is not what would be written`

const root = path.join(__dirname, '..')
const WIDTH = 116

/** What docs call a kind, where that is not its name. */
const units = { bytesPerSecond: 'bytes per second', percent: 'per cent' }

/** The metrics of the addon that is built: `{name, kind, what, source}` each. */
function declared () {
  const folder = path.join(root, 'native')
  const addon = fs.existsSync(folder) && fs.readdirSync(folder).find((name) => name.endsWith('.node'))
  if (!addon) throw new Error('There is no addon to ask. Run npm run build:quick first')
  return JSON.parse(require(path.join(folder, addon)).metricsDocumented())
}

/** Words in lines no longer than WIDTH, each but the first begun with `indent`. */
function wrapped (words, indent) {
  const lines = [words[0]]
  for (const word of words.slice(1)) {
    const longer = `${lines.at(-1)} ${word}`
    if (longer.length <= WIDTH) lines[lines.length - 1] = longer
    else lines.push(indent + word)
  }
  return lines.join('\n')
}

/** The table for docs/watching.md: whose figures they are groups them. */
function table (metrics) {
  const sources = [...new Set(metrics.map(({ source }) => source))]
  const rows = sources.flatMap((source) => metrics.filter((metric) => metric.source === source))
    .map(({ name, kind, what, source }) => `| \`${name}\` | ${units[kind] ?? kind} | ${what} | ${source} |`)
  return ['', '| metric | unit | what | from |', '|---|---|---|---|', ...rows, ''].join('\n')
}

/** The two types for index.d.ts, and how a threshold for each kind is written. */
function types (metrics) {
  const of = (kind) => metrics.filter((metric) => metric.kind === kind).map(({ name }) => `\`${name}\``).join(', ')
  const about = `What a rule can watch. A threshold is written as its metric is measured: sizes; ratios (${of('ratio')}); ` +
    `a duration (${of('milliseconds')}); bytes per second (${of('bytesPerSecond')}, also \`'1MB/s'\`); per cent 0…100 (${of('percent')}); a number (${of('count')}).`
  // A bar stays with what stands before it.
  const union = (begin, some) => [begin, ...some.map(({ name }, i) => `'${name}'${i + 1 < some.length ? ' |' : ''}`)]
  return [
    '/** In bytes. */', wrapped(union('export type BytesMetric =', metrics.filter(({ kind }) => kind === 'bytes')), '  '),
    '/**', wrapped([' *', ...about.split(' ')], ' * '), ' */',
    union('export type Metric = BytesMetric |', metrics.filter(({ kind }) => kind !== 'bytes')).join(' ')
  ].join('\n')
}

/** The properties for lib/addon/fallback/metrics.js. */
const kinds = (metrics) => metrics.map(({ name, kind }) => `  ${name}: '${kind}'`).join(',\n')

/** Between two lines that say so; users see no such lines in the types, where it is from the one declaration to the end of the other. */
const marked = /(?<=^.*Generated from here.*\n)[^]*?(?=\n.*to here\.)/m
const declarations = /^\/\*\* In bytes\. \*\/\nexport type BytesMetric[^]*?\nexport type Metric = [^]*?(?=\n\n)/m

const made = [
  ['docs/watching.md', marked, table],
  ['index.d.ts', declarations, types],
  ['lib/addon/fallback/metrics.js', marked, kinds]
]

function main () {
  const { values: { check } } = commandLine(USAGE, { options: { check: { type: 'boolean', default: false } } })
  const metrics = declared()
  let stale = 0
  for (const [file, place, make] of made) {
    const text = fs.readFileSync(path.join(root, file), 'utf8')
    if (!place.test(text)) throw new Error(`${file} has no place for it: ${place}`)
    const wanted = text.replace(place, () => make(metrics))
    if (wanted === text) continue
    stale++
    if (!check) fs.writeFileSync(path.join(root, file), wanted)
    console.log(check ? `${file} is not what the addon declares` : `${file} is written`)
  }
  if (check && stale > 0) console.log('Build the addon (npm run build:quick) and run npm run generate')
  if (!check && stale === 0) console.log('Nothing has changed')
  return check && stale > 0 ? 1 : 0
}

process.exitCode = main()

'use strict'

// `heapwarden diff`: what has changed between two snapshots, or over several.

const { args, check, classFilter, commandLine, common, flags, given, help, helpOf, number, places } = require('./analysis')
const { own } = require('../analysis/options')
const { printable, printableJson } = require('../base/printable')
const { withProgress } = require('./progress')
const { UsageError, print } = require('./terminal')
const { bytes, number: count, signed, table, widthOf } = require('./table')

const usage = `usage: heapwarden diff BEFORE AFTER [MORE…] [OPTION…]

What has changed between two snapshots, by class; of three or more, which classes grow every time.
Each is a snapshot, plain or packed as zstd or gzip; a folder of them (the newest), a pipe, or - for standard input.
A heap image, or its bundle, is thawed first.

  heapwarden diff first.heapsnapshot.zst second.heapsnapshot.zst --class Session

${helpOf(own.compare)}
${help}`

const TOP = 20
const text = (head) => ({ head, text: true })

function diffTable (rows, width) {
  return table(
    [text('CLASS'), { head: 'NEW' }, { head: 'GONE' }, { head: 'DELTA' }, { head: 'ALLOCATED' }, { head: 'FREED' }, { head: 'SIZE DELTA' }],
    rows.map((row) => [row.name, count(row.added), count(row.removed), signed(row.countDelta, count),
      bytes(row.addedSize), bytes(row.removedSize), signed(row.sizeDelta, bytes)]),
    width)
}

function trendTable (rows, snapshots, width) {
  const ways = snapshots.map((_, i) => ({ head: `COUNT ${i + 1}` }))
  return table(
    [{ head: 'GROWS' }, text('CLASS'), ...ways, { head: 'SHALLOW' }, { head: 'RETAINED' }],
    rows.map((row) => [row.growsEveryTime ? 'yes' : '', row.name, ...row.counts.map(count),
      signed(row.shallowSizes.at(-1) - row.shallowSizes[0], bytes), signed(row.retainedSizes.at(-1) - row.retainedSizes[0], bytes)]),
    width)
}

function printDiff (result, { top, width }) {
  const { before, after } = result.totalSize
  const changed = result.classes.filter((row) => row.added !== 0 || row.removed !== 0 || row.sizeDelta !== 0)
  const how = result.comparableIds ? 'Compared object by object' : 'Compared by class totals'
  return [
    `${bytes(before)} before, ${bytes(after)} after: ${signed(after - before, bytes)}\n${how}: ${printable(result.reason)}`,
    changed.length > 0 ? diffTable(changed.slice(0, top), width) : 'no class has changed'
  ].join('\n\n')
}

function printTrend (result, { top, width }) {
  const growing = result.classes.filter((row) => row.growsEveryTime).length
  return [
    result.snapshots.map(({ totalSize, nodes }, i) => `${i + 1}  ${bytes(totalSize)} in ${count(nodes)} nodes`).join('\n'),
    `${count(growing)} of ${count(result.classes.length)} classes grow every time`,
    trendTable(result.classes.slice(0, top), result.snapshots, width)
  ].join('\n\n')
}

function ids (value) {
  if (value === undefined) return undefined
  if (!['auto', 'true', 'false'].includes(value)) throw new UsageError(`--ids is auto, true or false, not ${value}`)
  return value === 'auto' ? value : value === 'true'
}

async function diff (argv) {
  const { values, positionals } = args(argv, { ...flags, ids: { type: 'string' } }, { positionals: 1000 })
  if (positionals.length < 2) throw new UsageError(positionals.length === 0 ? 'which BEFORE and AFTER?' : 'compared with which AFTER?')
  const top = values.top === undefined ? undefined : number(values.top, '--top')
  const options = check('compare', given({ ...common(values), top, className: values.class && classFilter(values.class), ids: ids(values.ids) }))
  const analysis = require('../analysis')
  const result = await withProgress((onProgress) => analysis.comparison(places(positionals), given({ ...options, onProgress }), commandLine))
  if (values.json) await print(printableJson(result))
  else await print((result.snapshots ? printTrend : printDiff)(result, { top: top ?? TOP, width: widthOf(process.stdout, values.wide) }))
  return 0
}

module.exports = { diff, printDiff, printTrend, usage }

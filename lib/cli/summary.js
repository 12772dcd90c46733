'use strict'

// `heapwarden summary`: what a snapshot holds.

const { args, check, classFilter, commandLine, common, flags, given, help, helpOf, number, places } = require('./analysis')
const { own } = require('../analysis/options')
const { printable, printableJson } = require('../base/printable')
const { withProgress } = require('./progress')
const { UsageError, print } = require('./terminal')
const { bytes, number: count, percent, table, widthOf } = require('./table')

const usage = `usage: heapwarden summary FILE [OPTION…]

What a snapshot holds: its classes with their sizes, the largest objects, strings it has several times.
FILE is a snapshot, plain or packed as zstd or gzip; a folder of them (the newest), a pipe, or - for standard input.
A heap image, or its bundle, is thawed first.

  heapwarden summary leak.heapsnapshot.zst --top 10
  ssh server cat leak.heapsnapshot.zst | heapwarden summary -

${helpOf(own.summarize)}
${help}`

/** Rows of a table for eyes. */
const TOP = 20

/** DevTools' own way to say that there is none. */
const distance = (value) => value < 0 || value >= 100_000_000 ? '-' : String(value)

const text = (head) => ({ head, text: true })

function classes (rows, total, width) {
  return table([text('CLASS'), { head: 'COUNT' }, { head: 'SHALLOW' }, { head: 'RETAINED' }, { head: '' }, { head: 'DISTANCE' }],
    rows.map((row) => [row.name, count(row.count), bytes(row.shallowSize), bytes(row.retainedSize),
      percent(row.retainedSize, total), distance(row.distance)]),
    width)
}

function largest (rows, total, width) {
  return table([{ head: 'ID' }, text('OBJECT'), text('CLASS'), { head: 'SHALLOW' }, { head: 'RETAINED' }, { head: '' }],
    rows.map((row) => [`@${row.id}`, row.name, row.className, bytes(row.shallowSize), bytes(row.retainedSize), percent(row.retainedSize, total)]),
    width)
}

function strings (rows, width) {
  return table([text('TEXT'), { head: 'COUNT' }, { head: 'SHALLOW' }, { head: 'RETAINED' }],
    rows.map((row) => [JSON.stringify(row.text) + (row.truncated ? '…' : ''), count(row.count), bytes(row.shallowSize), bytes(row.retainedSize)]),
    width)
}

/** `code 3.1 MB · strings 2.0 MB …` */
function statistics ({ code, strings, jsArrays, typedArrays, system, native }) {
  const parts = Object.entries({ strings, code, 'JS arrays': jsArrays, 'typed arrays': typedArrays, system, 'other native': native - typedArrays })
  return parts.filter(([, size]) => size > 0).map(([name, size]) => `${name} ${bytes(size)}`).join(', ')
}

/** What is read by a person. */
function describe (result, { top, filtered, width }) {
  const { totalSize: total } = result
  const more = result.classes.length - top
  const parts = [
    `${printable(result.path ?? 'standard input')}\n${bytes(total)} in ${count(result.nodes)} nodes and ${count(result.edges)} edges` +
      `\n${statistics(result.statistics)}`,
    !result.complete && `INCOMPLETE: ${printable(result.damage)}`,
    result.classes.length > 0 && classes(result.classes.slice(0, top), total, width) + (more > 0 ? `\n(${count(more)} more)` : ''),
    filtered && result.classes.length === 0 && 'there is no such class',
    result.largest.length > 0 && `Largest objects\n${largest(result.largest, total, width)}`,
    !filtered && result.duplicateStrings.length > 0 && `Duplicate strings\n${strings(result.duplicateStrings, width)}`
  ]
  return parts.filter(Boolean).join('\n\n')
}

async function summary (argv) {
  const { values, positionals } = args(argv, flags, { positionals: 1 })
  if (positionals.length === 0) throw new UsageError('which FILE?')
  const top = values.top === undefined ? TOP : number(values.top, '--top')
  const options = check('summarize', given({ ...common(values), top, className: values.class && classFilter(values.class) }))
  const analysis = require('../analysis')
  const result = await withProgress((onProgress) => analysis.summary(places(positionals)[0], given({ ...options, onProgress }), commandLine))
  if (values.json) await print(printableJson(result))
  else await print(describe(result, { top, filtered: values.class !== undefined, width: widthOf(process.stdout, values.wide) }))
  return 0
}

module.exports = { describe, summary, usage }

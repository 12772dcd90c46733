'use strict'

// `heapwarden report`: what leaks, as a page that opens from disk.

const path = require('node:path')
const { args, check, commandLine, common, flags: { json, salvage, 'max-memory': memory }, given, helpOf, places } = require('./analysis')
const { common: commonOptions } = require('../analysis/options')
const { printable, printableJson } = require('../base/printable')
const { withProgress } = require('./progress')
const { UsageError, bytes, print } = require('./terminal')

const usage = `usage: heapwarden report FILE [FILE…] [-o FILE] [OPTION…]

What leaks, as a page: the verdict and each suspect in prose, its path as a picture, growth, a map of the heap, classes, duplicate
strings. One file of HTML that opens from disk and asks no network for anything; it holds texts from the process's memory.
Of one FILE it tells what is large, of several, oldest first, what grows. Each is a snapshot, plain or packed as zstd or gzip;
a folder of them (the newest), a pipe, or - for standard input. A heap image, or its bundle, is thawed first.

  heapwarden report first.heapsnapshot.zst second.heapsnapshot.zst -o report.html

  -o, --output FILE   where it is written (NAME.report.html in this folder, after the last FILE), in place of a report of before, and of nothing else;
                      - for standard output
${helpOf(commonOptions)}
  --json              what was found and where the page is, as JSON`

/** Named after the snapshot, without the endings that snapshots have. */
function nameFor (place) {
  const stem = place === '-' ? 'heapwarden' : path.basename(place).replace(/\.(zst|gz)$/, '').replace(/\.(heapsnapshot|heapimage|tar|json)$/, '')
  return path.resolve(`${stem}.report.html`)
}

/** Where it goes; undefined: standard output. */
function target (output, all, asJson) {
  if (output === '') throw new UsageError('-o is empty: a variable that is not set?')
  if (output !== '-') return output === undefined ? nameFor(all.at(-1)) : path.resolve(output)
  if (asJson) throw new UsageError('-o - and --json: standard output can be one of them only')
  return undefined
}

async function report (argv) {
  const { values, positionals } = args(argv, { json, salvage, 'max-memory': memory, output: { type: 'string', short: 'o' } }, { positionals: 1000 })
  if (positionals.length === 0) throw new UsageError('which FILE?')
  const options = check('report', given(common(values)))
  const all = places(positionals)
  const to = target(values.output, all, values.json)
  const analysis = require('../analysis')
  const { render } = require('../report/html')
  const { checkTarget, writeReport } = require('../report/write')
  if (to !== undefined) await checkTarget(to, all.filter((one) => one !== '-'))
  const found = await withProgress((onProgress) => analysis.report(all, given({ ...options, onProgress }), commandLine))
  const page = render(found)
  if (to === undefined) {
    await print(page.trimEnd())
    return 0
  }
  const made = await writeReport(to, page)
  const { verdict, headline, suspects } = found.report
  const fingerprints = suspects.map(({ fingerprint }) => fingerprint)
  if (values.json) await print(printableJson({ ...made, verdict, headline, fingerprints }))
  else await print(`${printable(headline)}\n${printable(made.path)}\n${bytes(made.bytes)}`)
  return 0
}

module.exports = { report, usage }

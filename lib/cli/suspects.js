'use strict'

// `heapwarden suspects`: which holder leaks.

const { args, check, commandLine, common, given, helpOf, number, places } = require('./analysis')
const { common: commonOptions, own } = require('../analysis/options')
const { printableJson } = require('../base/printable')
const { withProgress } = require('./progress')
const { fitting } = require('./suspects/fitting')
const { markdown } = require('./suspects/markdown')
const { text } = require('./suspects/text')
const { UsageError, print } = require('./terminal')
const { widthOf } = require('./table')

const usage = `usage: heapwarden suspects FILE [FILE…] [OPTION…]

Which holder leaks: of one snapshot who holds most, of several, oldest first, what grows. Objects are compared by the ways on
which they are held, so that the snapshots may be of any tool, and their ids need not match.
FILE is a snapshot, plain or packed as zstd or gzip; a folder of them (the newest), a pipe, or - for standard input.
A heap image, or its bundle, is thawed first.

  heapwarden suspects first.heapsnapshot.zst second.heapsnapshot.zst third.heapsnapshot.zst
  heapwarden suspects leak.heapimage.zst --markdown > ticket.md

${helpOf(own.findSuspects)}
${helpOf(commonOptions)}
  --full              all of it; else the answer is kept below 30,000 characters, and says what was left out
  --markdown          for a ticket
  --json              as JSON; \`heapwarden verify\` reads it

Exit status: 0 done, 1 a leak was found, or it failed, 2 used wrongly.`

const flags = {
  top: { type: 'string' },
  'max-memory': { type: 'string' },
  salvage: { type: 'boolean' },
  full: { type: 'boolean' },
  markdown: { type: 'boolean' },
  json: { type: 'boolean' }
}

function printer (values) {
  if (values.json) return printableJson
  return values.markdown ? markdown : (report) => text(report, { width: widthOf(process.stdout), full: values.full })
}

async function suspects (argv) {
  const { values, positionals } = args(argv, flags, { positionals: 1000 })
  if (positionals.length === 0) throw new UsageError('which FILE?')
  if (values.json && values.markdown) throw new UsageError('either --json or --markdown')
  const top = values.top === undefined ? undefined : number(values.top, '--top')
  const options = check('findSuspects', given({ ...common(values), top }))
  const analysis = require('../analysis')
  const report = await withProgress((onProgress) => analysis.suspects(places(positionals), given({ ...options, onProgress }), commandLine))
  const show = printer(values)
  await print(values.full ? show(report) : fitting(report, show))
  return report.verdict === 'leak' ? 1 : 0
}

module.exports = { suspects, usage }

'use strict'

// `heapwarden verify`: whether the suspects of before are gone.

const fs = require('node:fs')
const { args, check, commandLine, common, given, helpOf, places } = require('./analysis')
const { common: commonOptions } = require('../analysis/options')
const { HeapwardenError } = require('../base/errors')
const { printableJson } = require('../base/printable')
const { withProgress } = require('./progress')
const { UsageError, print } = require('./terminal')
const { widthOf } = require('./table')
const { ALL, verified } = require('./verify/answer')
const { reportIn } = require('./verify/report')
const { short, text } = require('./verify/text')

const usage = `usage: heapwarden verify BEFORE AFTER [MORE…] [OPTION…]

Whether a leak is gone: looks for the fingerprints of BEFORE in AFTER. The same bug has the same fingerprint in every process,
version of Node.js and release of the program.
BEFORE is a report that \`heapwarden suspects --json\` has left, or a snapshot; AFTER a report, or one snapshot or several, oldest
first, each as \`suspects\` takes them. Several show growth; from one it is seldom known that a leak is gone.

  heapwarden suspects a.heapsnapshot.zst b.heapsnapshot.zst --json > before.json
  heapwarden verify before.json c.heapsnapshot.zst d.heapsnapshot.zst e.heapsnapshot.zst

  --before FILE       BEFORE as several snapshots: once for each, and then all arguments are AFTER
  --fingerprint HEX   only this one; may be given several times (all leaks of BEFORE, or else its first suspect)
${helpOf(commonOptions)}
  --full              all of it; else texts are cut so that the answer stays below 30,000 characters
  --json              as JSON

Exit status: 0 gone, 1 still there, not seen enough to tell, or it failed, 2 used wrongly.`

const flags = {
  before: { type: 'string', multiple: true },
  fingerprint: { type: 'string', multiple: true },
  'max-memory': { type: 'string' },
  salvage: { type: 'boolean' },
  full: { type: 'boolean' },
  json: { type: 'boolean' }
}

/** The report that the files are, or that is made of the snapshots in them. */
async function reportOf (files, options) {
  const reports = files.map((file) => file === '-' ? undefined : reportIn(file))
  if (reports.length === 1 && reports[0]) return reports[0]
  const at = reports.findIndex((report) => report !== undefined)
  if (at !== -1) throw new UsageError(`${files[at]} is a report, and stands alone for what it was made of`)
  const analysis = require('../analysis')
  return withProgress((onProgress) => analysis.suspects(files, given({ ...options, onProgress }), commandLine))
}

function fingerprints (given, report) {
  for (const one of given ?? []) {
    if (!/^[0-9a-f]{16}$/.test(one)) throw new UsageError(`--fingerprint is 16 hex digits, ${one} is none`)
    if (!report.suspects.some(({ fingerprint }) => fingerprint === one)) throw new UsageError(`BEFORE has no suspect with the fingerprint ${one}`)
  }
  return given
}

/** What to compare with what. */
function sides (values, positionals) {
  const [before, after] = values.before === undefined
    ? [positionals.slice(0, 1), positionals.slice(1)]
    : [values.before, positionals]
  if (before.length === 0) throw new UsageError('which BEFORE and AFTER?')
  if (after.length === 0) throw new UsageError('compared with which AFTER?')
  const all = places([...before, ...after])
  for (const file of all) {
    if (file !== '-' && !fs.existsSync(file)) throw new HeapwardenError('HEAPWARDEN_NOT_FOUND', `there is no file ${file}`)
  }
  return [all.slice(0, before.length), all.slice(before.length)]
}

async function verify (argv) {
  const { values, positionals } = args(argv, flags, { positionals: 1000 })
  const options = { ...check('findSuspects', common(values)), top: ALL }
  const [old, now] = sides(values, positionals)
  const before = await reportOf(old, options)
  const asked = fingerprints(values.fingerprint, before)
  if (before.suspects.length === 0) throw new UsageError(`BEFORE names no suspect: ${before.headline}`)
  const answer = verified(before, await reportOf(now, options), asked)
  const shown = values.full ? answer : short(answer)
  await print(values.json ? printableJson(shown) : text(shown, widthOf(process.stdout)))
  return answer.answer === 'gone' ? 0 : 1
}

module.exports = { usage, verify }

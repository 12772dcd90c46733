'use strict'

// What the analyses can be told, in tables as those of lib/options/schema.js, and checked. The help of their commands is
// made of them; index.d.ts and docs/analysis.md are compared with them.
//
// - `flag`: the command line's, with its `form` and `help`.

const { types } = require('node:util')
const { invalid } = require('../options/invalid')
const kinds = require('../options/kinds')
const { HeapwardenError } = require('../base/errors')

const { kind } = kinds

const memory = kinds.bytes(1, ", or 'auto'")
const maxMemory = kind({ type: "Bytes | 'auto'" }, (value, name) => value === 'auto' ? undefined : memory(value, name))

const classFilter = kind({ type: 'string | RegExp' }, (value, name) => {
  if (types.isRegExp(value) || (typeof value === 'string' && value !== '')) return value
  throw invalid(name, value, "a class's name as a string, or a RegExp")
})

const idsMeanTheSame = kind({ type: "boolean | 'auto'" }, (value, name) => {
  if (typeof value !== 'boolean' && value !== 'auto') throw invalid(name, value, "true, false or 'auto'")
  return value
})

/** Those of each analysis. */
const common = {
  maxMemory: { kind: maxMemory, default: 'auto', flag: '--max-memory', form: 'SIZE', help: 'give up before more than this is needed (what the container or the machine has left)' },
  salvage: { kind: kinds.boolean, default: false, flag: '--salvage', help: 'a cut or damaged file gives what it has, marked incomplete' },
  process: { kind: kinds.oneOf(['thread', 'child']), default: 'thread' },
  signal: { kind: kinds.abortSignal },
  onProgress: { kind: kinds.callback('(progress: AnalysisProgress) => void') }
}

const rows = kinds.integer(1, 100_000)
const className = { kind: classFilter, flag: '--class', form: 'FILTER', help: 'only this class: a name, or /a regular expression/' }

const summarize = {
  top: { kind: rows, default: 20, flag: '--top', form: 'N', help: 'rows of each table (20)' },
  className
}
const compare = {
  // In a program all of them; on the command line the first 20 are shown.
  top: { kind: rows, flag: '--top', form: 'N', help: 'rows of the table (20)' },
  className,
  ids: { kind: idsMeanTheSame, default: 'auto', flag: '--ids', form: 'auto|true|false', help: 'whether the ids of both mean the same objects (auto: what the files tell)' }
}
const findPaths = {
  limit: { kind: kinds.integer(1, 1000), default: 5, flag: '--top', form: 'N', help: 'paths (5)' }
}

const findSuspects = {
  top: { kind: kinds.integer(1, 32), default: 5, flag: '--top', form: 'N', help: 'suspects (5)' }
}

/** Options of each analysis beside the common ones. */
const own = { summarize, compare, findPaths, findSuspects, report: {} }

const checks = Object.fromEntries(Object.entries(own).map(([name, table]) => [name, kinds.checkOf({ ...common, ...table })]))

/** Checked options of one of them. @throws HEAPWARDEN_INVALID_OPTION */
const check = (analysis, options = {}) => checks[analysis](options, '')

// Made absolute now: the process may change its directory before the file is opened.
const file = kinds.absolute

const targetFields = kinds.object({
  id: kinds.integer(0, Number.MAX_SAFE_INTEGER),
  // One class, so that the paths of its instances can be merged.
  className: kind({ type: 'string' }, (value, name) => {
    if (typeof value !== 'string' || value === '') throw invalid(name, value, "a class's name")
    return value
  })
}, "{ id: 4711 } or { className: 'Session' }")

/** Whose paths. @throws HEAPWARDEN_INVALID_OPTION */
function target (value) {
  const checked = targetFields(value, 'target')
  if (Object.keys(checked).length === 1) return checked
  throw invalid('target', value, "either { id: 4711 } or { className: 'Session' }")
}

/** Files to compare: two or more, or `least`. @throws HEAPWARDEN_INVALID_OPTION */
function files (value, least = 2) {
  if (value.length >= least) return value.map((one, index) => file(one, `paths[${index}]`))
  throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `paths: ${value.length} given; accepted: ${least === 1 ? 'one snapshot' : 'two snapshots'} or more`)
}

module.exports = { check, common, file, files, own, target }

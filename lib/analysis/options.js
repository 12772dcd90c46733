'use strict'

// What the analyses can be told, checked.

const { types } = require('node:util')
const schema = require('../options/kinds')
const { HeapwardenError } = require('../base/errors')

const memory = schema.bytes(1, ", or 'auto'")

function className (value, name) {
  if (types.isRegExp(value) || (typeof value === 'string' && value !== '')) return value
  throw schema.invalid(name, value, "a class's name as a string, or a RegExp")
}

function ids (value, name) {
  if (typeof value !== 'boolean' && value !== 'auto') throw schema.invalid(name, value, "true, false or 'auto'")
  return value
}

const common = {
  maxMemory: (value, name) => value === 'auto' ? undefined : memory(value, name),
  salvage: schema.boolean,
  process: schema.oneOf(['thread', 'child']),
  signal: schema.abortSignal,
  onProgress: schema.callback
}

const top = schema.integer(1, 100_000)
const limit = schema.integer(1, 1000)

const kinds = {
  summarize: schema.object({ ...common, top, className }),
  compare: schema.object({ ...common, top, className, ids }),
  findPaths: schema.object({ ...common, limit })
}

/** Checked options of one of the three. @throws HEAPWARDEN_INVALID_OPTION */
const check = (kind, options = {}) => kinds[kind](options, '')

// Made absolute now: the process may change its directory before the file is opened.
const file = schema.absolute

const targetFields = schema.object({
  id: schema.integer(0, Number.MAX_SAFE_INTEGER),
  // One class, so that the paths of its instances can be merged.
  className: (value, name) => {
    if (typeof value !== 'string' || value === '') throw schema.invalid(name, value, "a class's name")
    return value
  }
}, "{ id: 4711 } or { className: 'Session' }")

/** Whose paths. @throws HEAPWARDEN_INVALID_OPTION */
function target (value) {
  const checked = targetFields(value, 'target')
  if (Object.keys(checked).length === 1) return checked
  throw schema.invalid('target', value, "either { id: 4711 } or { className: 'Session' }")
}

/** Files to compare: two or more. @throws HEAPWARDEN_INVALID_OPTION */
function files (value) {
  if (value.length >= 2) return value.map((one, index) => file(one, `paths[${index}]`))
  throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `paths: ${value.length} given; accepted: two snapshots or more`)
}

module.exports = { check, file, files, target }

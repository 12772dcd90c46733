'use strict'

// The kinds of values an option can have. A kind is `(value, path) => normalised`; it throws a HeapwardenError that names
// the option, what was given and what is accepted. What else is to be known of a kind hangs on it:
//
// - `type`: what index.d.ts says of such an option;
// - `form`: what `--help` calls such a value, `fromText`: how it is read where there is only text.

const path = require('node:path')
const { HeapwardenError } = require('../base/errors')
const { didYouMean } = require('../base/suggest')
const native = require('../addon/native')
const fromText = require('./from-text')
const { invalid } = require('./invalid')

const DAY = 86_400_000

/** @param {{ type: string, form?: string, fromText?: Function }} about */
const kind = (about, check) => Object.assign(check, { fromText: fromText.text, ...about })

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A number or a string with a unit, read by the addon so that Rust and JavaScript agree. */
function quantity ({ parse, accepted, min, max, whole, ...about }) {
  return kind(about, (value, path) => {
    let number = value
    if (typeof value === 'string') {
      try {
        number = parse(value)
      } catch {
        throw invalid(path, value, accepted)
      }
    }
    if (typeof number !== 'number' || !(number >= min && number <= max)) throw invalid(path, value, accepted)
    return whole ? Math.floor(number) : number
  })
}

const bytes = (min = 0, note = '') => quantity({
  type: 'Bytes',
  form: 'SIZE',
  parse: native.parseBytes,
  accepted: `a number of bytes or a size such as '512MB' or '1.5GiB'${note}`,
  min,
  max: Number.MAX_SAFE_INTEGER,
  whole: true
})

const duration = (min, max, note) => quantity({
  type: 'Duration',
  form: 'DURATION',
  parse: native.parseDuration,
  accepted: `milliseconds or a duration such as '500ms', '30s' or '10m', ${note}`,
  min,
  max
})

const ratio = () => quantity({
  type: 'Ratio',
  parse: native.parseRatio,
  accepted: "a ratio from 0 to 1 such as 0.8, or per cent such as '80%'",
  min: 0,
  max: 1
})

function integer (min, max) {
  return kind({ type: 'number', form: 'COUNT', fromText: fromText.number }, (value, path) => {
    if (!Number.isInteger(value) || value < min || value > max) {
      throw invalid(path, value, `a whole number from ${min} to ${max}`)
    }
    return value
  })
}

const boolean = kind({ type: 'boolean', form: 'BOOLEAN', fromText: fromText.boolean }, (value, path) => {
  if (typeof value !== 'boolean') throw invalid(path, value, 'true or false')
  return value
})

/** Text without control characters: these values end up in logs, headers and file metadata. */
function text (max) {
  return kind({ type: 'string', form: 'TEXT' }, (value, path) => {
    if (typeof value !== 'string' || value.trim() === '' || [...value].length > max || /\p{Cc}/u.test(value)) {
      throw invalid(path, value, `a string of 1 to ${max} characters without control characters`)
    }
    return value
  })
}

const filePath = kind({ type: 'string', form: 'FILE' }, (value, path) => {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw invalid(path, value, 'a path as a non-empty string without NUL')
  }
  return value
})

/** The same as an absolute path, and now: the process may change its directory before the file is opened. */
const absolute = kind({ type: 'string', form: 'FILE' }, (value, name) => {
  try {
    return path.resolve(filePath(value, name))
  } catch (error) {
    if (error instanceof HeapwardenError) throw error
    // The folder that this process stands in is gone.
    throw invalid(name, value, `an absolute path, as the current folder cannot be told (${error.message})`)
  }
})

const abortSignal = kind({ type: 'AbortSignal' }, (value, path) => {
  if (typeof value?.aborted !== 'boolean' || typeof value.addEventListener !== 'function') {
    throw invalid(path, value, 'an AbortSignal')
  }
  return value
})

/** @param {string} type of the function */
function callback (type) {
  return kind({ type }, (value, path) => {
    if (typeof value !== 'function') throw invalid(path, value, 'a function')
    return value
  })
}

function oneOf (names, what = '') {
  return kind({ type: names.map((name) => `'${name}'`).join(' | ') }, (value, path) => {
    if (names.includes(value)) return value
    const hint = typeof value === 'string' ? didYouMean(value, names) : ''
    throw invalid(path, value, `${what}${names.map((name) => `'${name}'`).join(', ')}${hint}`)
  })
}

/** The values of `fields` (name → kind) that are set in `value`, normalised; an unknown name is an error. */
function object (fields, accepted = 'an object') {
  const names = Object.keys(fields)
  const type = `{ ${names.map((name) => `${name}?: ${fields[name].type}`).join(', ')} }`
  return kind({ type }, (value, path) => {
    if (!isObject(value)) throw invalid(path || 'options', value, accepted)
    const prefix = path ? `${path}.` : ''
    const out = {}
    // `in` and not own names only: options may come from a class instance with getters.
    for (const name of names) {
      if (value[name] !== undefined) out[name] = fields[name](value[name], prefix + name)
    }
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(fields, name)) {
        throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION',
          `${prefix}${name}: there is no such option${didYouMean(name, names)}; accepted: ${names.join(', ')}`)
      }
    }
    return out
  })
}

/** name → kind, of a table of options. */
const kindsOf = (table) => Object.fromEntries(Object.entries(table).map(([name, option]) => [name, option.kind]))

/** The values of a table's options that are set, checked. */
const checkOf = (table, accepted) => object(kindsOf(table), accepted)

module.exports = {
  DAY, absolute, abortSignal, boolean, bytes, callback, checkOf, duration, filePath, integer, isObject, kind, kindsOf, object, oneOf,
  ratio, text
}

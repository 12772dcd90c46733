'use strict'

// Every option of a watch that text can set: its variable, its flag of `heapwarden run`, and how the text is read. Made of
// schema.js; `--help` is made of this, and docs/register.md is compared with it.

const { snapshots, ...own } = require('./schema').watch

// keep.bytes → keep-bytes
const flagOf = (option) => option.join('-').replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)

const helpOf = ({ help, quiet, default: value }) =>
  quiet || value === undefined ? help : `${help} (${value === false ? 'off' : value})`

/** Those in a table, each after its own fields: `nearHeapLimit.extend` is said before `nearHeapLimit`. */
function inTable (table, above = []) {
  return Object.entries(table).flatMap(([name, option]) => {
    const path = [...above, name]
    const fields = option.fields ? inTable(option.fields, path) : []
    if (option.help === undefined) return fields
    const { form = option.kind.form, fromText = option.kind.fromText } = option
    return [...fields, { option: path, flag: flagOf(path), read: fromText, form, help: helpOf(option), default: option.default }]
  })
}

const settings = [
  ...inTable(own),
  // The snapshots of a watch need no prefix of their own.
  ...inTable(snapshots.fields).map((one) => ({ ...one, option: ['snapshots', ...one.option] }))
].map((one) => ({ ...one, env: `HEAPWARDEN_${one.flag.replaceAll('-', '_').toUpperCase()}` }))

/** Variables that are about the preload itself and not about the watch. */
const switches = [
  { env: 'HEAPWARDEN_CONFIG', form: 'FILE', help: 'the configuration file (heapwarden.config.json in the working directory)' },
  { env: 'HEAPWARDEN_ENABLED', form: 'BOOLEAN', help: 'false: do not watch; true: watch package managers too' },
  { env: 'HEAPWARDEN_WORKERS', form: 'BOOLEAN', help: 'watch worker threads as well (false)' },
  { env: 'HEAPWARDEN_LOG', form: 'text|json|off', help: 'lines on stderr about what happens (off)' },
  { env: 'HEAPWARDEN_PORTABLE', form: 'BOOLEAN', help: "use node:v8 only, as on platforms without V8's symbols" },
  { env: 'HEAPWARDEN_NATIVE', form: 'BOOLEAN', help: 'false: watch by JavaScript alone, as where there is no binary' },
  { env: 'HEAPWARDEN_FORK', form: 'BOOLEAN', help: 'false: never fork in this process' }
]

/** Sets `options.a.b = value` for `['a', 'b']`, making the objects between. */
function setAt (options, [name, ...rest], value) {
  if (rest.length > 0) {
    if (typeof options[name] !== 'object' || options[name] === null) options[name] = {}
    return setAt(options[name], rest, value)
  }
  // `nearHeapLimit=true` beside `nearHeapLimit.extend=…` says nothing new.
  if (value === true && typeof options[name] === 'object') return
  options[name] = value
}

module.exports = { setAt, settings, switches }

'use strict'

// What the commands that analyse share: their flags, and how the flags become options.

const path = require('node:path')
const tty = require('node:tty')
const { check: checkOptions, common: commonOptions, own, target: checkTarget } = require('../analysis/options')
const { parse } = require('../analysis/filter')
const { asTyped } = require('../options/as-typed')
const { printable } = require('../base/printable')
const { UsageError, args, say } = require('./terminal')

const flags = {
  top: { type: 'string' },
  class: { type: 'string' },
  'max-memory': { type: 'string' },
  salvage: { type: 'boolean' },
  wide: { type: 'boolean' },
  json: { type: 'boolean' }
}

/** A line of `--help` for each option of a table that has a flag. */
function helpOf (table) {
  return Object.values(table).filter(({ flag }) => flag).map(({ flag, form, help }) =>
    `  ${[flag, form].filter(Boolean).join(' ').padEnd(17)}   ${help}`).join('\n')
}

const help = `${helpOf(commonOptions)}
  --wide              long texts in full (in a terminal cut to its width, elsewhere at 120 characters)
  --json              all of it, as JSON`

function number (text, name) {
  if (!/^\d+$/.test(text)) throw new UsageError(`${name} is a number, ${text} is none`)
  return Number(text)
}

function classFilter (text) {
  try {
    return parse(text)
  } catch (error) {
    throw new UsageError(`--class: ${error.message}`)
  }
}

/** Options and the flags that set them. */
const spellings = [
  ...[commonOptions, ...Object.values(own)].flatMap((table) => Object.entries(table).filter(([, { flag }]) => flag).map(([name, { flag }]) => [name, flag])),
  ['target.id', '--id'], ['target.className', '--class']
]
const check = (kind, options) => asTyped(spellings, () => checkOptions(kind, options))
const target = (whose) => asTyped(spellings, () => checkTarget(whose))

/** Drops what was not given. */
const given = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

/** Those that all take. */
function common (values) {
  return given({
    maxMemory: values['max-memory'] === undefined || values['max-memory'] === 'auto' ? undefined : values['max-memory'],
    salvage: values.salvage
  })
}

/** Its names as a path. A socket, which a parent may have put there, cannot be opened by them. */
const STDIN = ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']

/** `-` is standard input; anything else is absolute. */
function places (positionals) {
  // Not the folder that the shell is in.
  if (positionals.includes('')) throw new UsageError('FILE is empty: a variable that is not set?')
  const found = positionals.map((one) => one === '-' || STDIN.includes(one) ? '-' : path.resolve(one))
  const count = found.filter((one) => one === '-').length
  if (count > 1) throw new UsageError('standard input (-) can be read once only')
  if (count === 1 && tty.isatty(0)) throw new UsageError('standard input is this terminal: send a snapshot through a pipe, or give a FILE')
  return found
}

/** What an image needs first is said: it may take a while. */
const commandLine = { told: (place) => say(`heapwarden: ${printable(place)} holds a heap image: it is thawed first, into a temporary file`) }

module.exports = { args, check, classFilter, commandLine, common, flags, given, help, helpOf, number, places, target }

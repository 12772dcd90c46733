'use strict'

// What the three commands that analyse share: their flags, and how the flags become options.

const path = require('node:path')
const { check } = require('../analysis/options')
const { parse } = require('../analysis/filter')
const { UsageError, args } = require('./terminal')

const flags = {
  top: { type: 'string' },
  class: { type: 'string' },
  'max-memory': { type: 'string' },
  salvage: { type: 'boolean' },
  json: { type: 'boolean' }
}

const help = `  --max-memory SIZE   give up before more than this is needed (what the container or the machine has left)
  --salvage           a cut or damaged file gives what it has, marked incomplete
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

/** Drops what was not given. */
const given = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

/** Those that all three take. */
function common (values) {
  return given({
    maxMemory: values['max-memory'] === undefined || values['max-memory'] === 'auto' ? undefined : values['max-memory'],
    salvage: values.salvage
  })
}

/** `-` is standard input; anything else is absolute. */
function places (positionals) {
  if (positionals.filter((one) => one === '-').length > 1) throw new UsageError('standard input (-) can be read once only')
  return positionals.map((one) => one === '-' ? one : path.resolve(one))
}

module.exports = { args, check, classFilter, common, flags, given, help, number, places }

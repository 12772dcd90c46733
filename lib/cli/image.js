'use strict'

// What the commands about heap images share.

const { asTyped } = require('../options/as-typed')
const { UsageError } = require('./terminal')

/** Words a person types for a number. */
const numbers = { '--id': (text) => text.replace(/^@/, ''), '--level': (text) => text }

/** Flags of a table of lib/image/options.js, for parseArgs. */
function flagsOf (table) {
  const all = Object.values(table).filter(({ flag }) => flag)
  return Object.fromEntries(all.map(({ flag, form }) => [flag.slice(2), { type: form ? 'string' : 'boolean', ...(flag === '--output' && { short: 'o' }), ...(flag === '--objects' && { multiple: true }) }]))
}

/** Options of such a table from parsed values, checked by `check`. */
function optionsOf (table, values, check) {
  const entries = Object.entries(table).filter(([, { flag }]) => flag && values[flag.slice(2)] !== undefined).map(([name, { flag }]) => {
    const text = values[flag.slice(2)]
    if (!Object.hasOwn(numbers, flag)) return [name, text]
    if (!/^\d+$/.test(numbers[flag](text))) throw new UsageError(`${flag} is a number, ${text} is none`)
    return [name, Number(numbers[flag](text))]
  })
  return asTyped(Object.entries(table).filter(([, { flag }]) => flag).map(([name, { flag }]) => [name, flag]), () => check(Object.fromEntries(entries)))
}

function imageOf (positionals, what = 'IMAGE') {
  if (positionals.length === 0) throw new UsageError(`which ${what}?`)
  if (positionals[0] === '') throw new UsageError(`${what} is empty: a variable that is not set?`)
  return positionals[0]
}

module.exports = { flagsOf, imageOf, optionsOf }

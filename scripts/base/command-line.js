'use strict'

// What a developer typed after a script's name: `--help` is answered, and what is wrong ends the process with 2.

const { parseArgs } = require('node:util')

/**
 * @param {string} usage
 * @param {{ options?: object, operands?: number }} accepted as parseArgs() takes them, and how many words may stand beside them
 * @returns {{ values: object, operands: string[], count: (name: string, text: string) => number, misused: (why: string) => never }}
 */
function commandLine (usage, { options = {}, operands = 0 } = {}) {
  function misused (why) {
    console.error(`${why}\n\n${usage}`)
    process.exit(2)
  }
  function count (name, text) {
    const number = Number(text)
    return Number.isInteger(number) && number >= 1 ? number : misused(`${name}: "${text}" was given; accepted: a whole number from 1`)
  }
  let given
  try {
    given = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h', default: false } }, allowPositionals: operands > 0 })
  } catch (error) {
    misused(error.message)
  }
  if (given.values.help) {
    console.log(usage)
    process.exit(0)
  }
  if (given.positionals.length > operands) misused(`too many arguments: ${given.positionals[operands]}`)
  return { values: given.values, operands: given.positionals, count, misused }
}

module.exports = { commandLine }

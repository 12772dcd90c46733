'use strict'

// What the commands share: arguments, output, and an output that fails.

const fs = require('node:fs')
const { parseArgs } = require('node:util')
const { printable, printableJsonLine } = require('../base/printable')
const { didYouMean } = require('../base/suggest')

/** Used wrongly: exit status 2, with the usage. */
class UsageError extends Error {}

/** `parseArgs` of node:util; what it finds wrong is a UsageError, not a defect. */
function args (argv, options, limits = { positionals: 0 }) {
  let parsed
  try {
    parsed = parseArgs({ args: argv, options, allowPositionals: true })
  } catch (error) {
    const [, flag] = /^Unknown option '(--[^']+)'/.exec(error.message) ?? []
    if (flag === undefined) throw new UsageError(error.message)
    throw new UsageError(`there is no option ${flag}${didYouMean(flag, Object.keys(options).map((one) => `--${one}`))}`)
  }
  const { positionals } = parsed
  if (positionals.length > limits.positionals) throw new UsageError(`too many arguments: ${positionals[limits.positionals]}`)
  return parsed
}

/** How long a line waits for a full pipe that somebody else has made non-blocking. */
const FULL_PIPE_MS = 1000

/**
 * A line on stderr. By its descriptor: process.stderr would make a pipe non-blocking, and a pipe is shared with whoever
 * else writes to it, among them the program of `heapwarden run`.
 */
function say (text) {
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  let rest = Buffer.from(`${text}\n`)
  for (const until = performance.now() + FULL_PIPE_MS; rest.length > 0;) {
    try {
      rest = rest.subarray(fs.writeSync(2, rest))
    } catch (error) {
      if (error.code !== 'EAGAIN' || performance.now() > until) return // nobody reads it
      Atomics.wait(sleeper, 0, 0, 10)
    }
  }
}

/**
 * Nothing can be written any more. `heapwarden cat FILE | head` closes our pipe: that is the end of the work and no
 * failure. A full disk is one.
 */
function outputFailed (error, json = process.argv.includes('--json')) {
  if (error.code === 'EPIPE') process.exit(0)
  const message = `cannot write the output: ${error.message}`
  say(json ? printableJsonLine({ code: error.code, message }) : `heapwarden: ${printable(message)}`)
  process.exit(1)
}

function watchOutput () {
  process.stdout.on('error', (error) => outputFailed(error))
  process.stderr.on('error', () => process.exit(1)) // nowhere to say so
}

/** Text on stdout, to its last byte: console.log would pass over a full disk in silence. */
async function print (text) {
  try {
    await new Promise((resolve, reject) => {
      process.stdout.write(`${text}\n`, (error) => error ? reject(error) : resolve())
    })
  } catch (error) {
    outputFailed(error)
  }
}

function bytes (number) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let i = 0
  for (; number >= 999.95 && i < units.length - 1; i++) number /= 1000
  return `${i === 0 ? number : number.toFixed(1)} ${units[i]}`
}

module.exports = { UsageError, args, bytes, outputFailed, print, say, watchOutput }

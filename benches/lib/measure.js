'use strict'

const { execFile } = require('node:child_process')
const { join } = require('node:path')
const { median } = require('../../scripts/base/median')

/** A snapshot of 1 GB takes V8 minutes. */
const LONGEST_MS = 900_000

/**
 * Runs benches/programs/NAME in a fresh process and gives what it prints as JSON.
 * @param {string} name
 * @param {object} input given to it as JSON
 * @param {string[]} [flags] of node
 * @param {(child: import('node:child_process').ChildProcess) => void} [started]
 */
function program (name, input, flags = [], started = () => {}) {
  const file = join(__dirname, '..', 'programs', `${name}.js`)
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [...flags, file, JSON.stringify(input)], { timeout: LONGEST_MS, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const failed = error || stdout === '' // a process whose loop ran dry ends without an error
      if (failed) reject(new Error(`${name} ${JSON.stringify(input)} failed: ${stderr || error?.message || 'it printed nothing'}`))
      else resolve(JSON.parse(stdout))
    })
    started(child)
  })
}

module.exports = { median, program }

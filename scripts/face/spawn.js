'use strict'

// Runs a program to its end, in an environment that is the same for both checkouts.

const childProcess = require('node:child_process')

/** Of the longest, beside everything else that a busy machine does. */
const TIMEOUT_MS = 240_000

/** @returns {Promise<{ status: number | null, stdout: string, stderr: string }>} */
function spawn (file, args, { env = {}, cwd } = {}) {
  const { PATH, HOME } = process.env
  return new Promise((resolve) => {
    childProcess.execFile(file, args, { cwd, env: { PATH, HOME, ...env }, timeout: TIMEOUT_MS, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      resolve({ status: error ? error.code ?? error.signal : 0, stdout, stderr })
    }).stdin.end()
  })
}

module.exports = { spawn }

'use strict'

// `node --require heapwarden/register server.js`, or --import: watches a program that knows nothing of us.
// Whatever is wrong here, the program runs: it is warned and goes on unwatched.

const fs = require('node:fs')
const path = require('node:path')
const { isMainThread } = require('node:worker_threads')
const { warn } = require('./log/warn')

const HELPERS = /^(npm|npx|npm-cli|npx-cli|npm-prefix|yarn|yarnpkg|yarn-[\d.]+|pnpm|pnpx|corepack|node-gyp|heapwarden)(\.[cm]?js)?$/

/** NODE_OPTIONS reach every Node.js below a shell: `npm start` runs npm, and npm is not what should be watched. */
function isHelper (script) {
  if (script === undefined) return false
  let real = script
  try {
    real = fs.realpathSync(script)
  } catch {}
  return HELPERS.test(path.basename(script)) || HELPERS.test(path.basename(real))
}

function arm () {
  const { readConfig } = require('./options/config')
  const { options, spellings, enabled, workers, log, strangers } = readConfig()
  for (const message of strangers) warn(message)
  if (enabled === false || (!isMainThread && workers !== true)) return null
  if (enabled === undefined && isHelper(process.argv[1])) return null

  const { asTyped } = require('./options/as-typed')
  // Signals are the main thread's, which has them from the same configuration.
  const { freezeOn, signal, ...ofWorker } = options
  const monitor = asTyped(spellings, () => require('./watch').watch(isMainThread ? options : ofWorker))
  if (log !== 'off') require('./log/events').logEvents(monitor, log)
  return monitor
}

/** The monitor, or null: not armed here, or the warning says why. */
let monitor = null
try {
  monitor = arm()
} catch (error) {
  warn(`this process is not watched: ${error?.message ?? error}`, error?.code)
}

module.exports = { monitor }

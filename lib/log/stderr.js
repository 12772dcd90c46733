'use strict'

// Lines on the host's stderr. A log collector that stands still leaves a full pipe behind: a line that does not fit
// is dropped, and nothing waits or throws.

const fs = require('node:fs')

/** The addon, which can write without waiting; undefined where there is none. */
function addon () {
  try {
    return require('../addon/native')
  } catch {}
}

/** Writes a line if it fits now. Not to process.stderr: a closed pipe would raise 'error' on the host's stream. */
function say (line) {
  const { say } = addon() ?? {}
  if (say) return void say(line)
  try {
    fs.writeSync(2, `${line}\n`)
  } catch {}
}

/** Whether a line would fit now. */
const takes = () => addon()?.stderrTakes?.() ?? true

module.exports = { say, takes }

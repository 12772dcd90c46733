'use strict'

const { execFile } = require('node:child_process')
const { join } = require('node:path')

const file = join(__dirname, '..', '..', '__test__', 'programs', 'out-of-memory.js')

/** ms until a process that leaks has died at its heap limit; `how`: 'images', which leaves one, or 'unwatched' for one without us. */
function endedAtLimit (how, megabytes, dir) {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [`--max-old-space-size=${megabytes}`, file, 'async', dir, how], { timeout: 300_000 }, (error) => {
      if (error?.signal === 'SIGABRT') resolve(performance.now() - began)
      else reject(new Error(`it did not die at its heap limit: ${error?.message ?? 'it ended well'}`))
    })
  })
}

module.exports = { endedAtLimit }

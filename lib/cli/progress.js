'use strict'

// A bar on the terminal, and nothing anywhere else.

const { isatty } = require('node:tty')
const { bytes, cut } = require('./table')

/** How much of the time each stage takes, roughly: the bar is to move evenly. */
const SHARES = [['reading', 0.6], ['rules', 0.12], ['dominators', 0.23], ['tables', 0.05]]
const WIDTH = 24

/** What is said of thawing. */
const WORDS = { loading: 'reading the image', working: "V8's snapshot of it" }

/** 0…1; NaN while a stream does not tell how long it is. */
function part ({ stage, done, total, file, files }) {
  if (stage === 'thawing') return total > 0 ? done / total : 0
  if (stage in WORDS) return { loading: 0, working: 0.3 }[stage] + (total > 0 ? Math.min(1, done / total) : 0) * { loading: 0.3, working: 0.7 }[stage]
  const at = SHARES.findIndex(([name]) => name === stage)
  const before = SHARES.slice(0, at).reduce((sum, [, share]) => sum + share, 0)
  if (stage === 'reading' && total === 0) return NaN
  const within = total > 0 ? Math.min(1, done / total) : 0
  return (file - 1 + before + SHARES[at][1] * within) / files
}

function line (progress) {
  const { stage, done, total, file, files } = progress
  const share = part(progress)
  const filled = Math.round((share || 0) * WIDTH)
  const bar = Number.isNaN(share) ? '' : `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)}% `
  const size = stage === 'reading' || stage === 'loading' ? ` ${bytes(done)}${total > 0 ? ` of ${bytes(total)}` : ''}` : ''
  return `${bar}${files > 1 ? `snapshot ${file} of ${files}: ` : ''}${WORDS[stage] ?? stage}${size}`
}

/**
 * Runs `work` with an `onProgress` that shows itself on stderr.
 * @template T
 * @param {(onProgress?: Function) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withProgress (work) {
  // A parent of ours listens on its channel (lib/analysis/child.js).
  if (process.connected) {
    process.channel.unref()
    process.once('disconnect', () => process.exit(1))
    process.channel.unref()
    return work((progress) => { if (process.connected) process.send({ progress }, undefined, undefined, () => {}) })
  }
  if (!isatty(2) || process.env.TERM === 'dumb') return work()
  const { stderr } = process
  let shown = false
  const clear = () => { if (shown) stderr.write('\r\x1b[K') }
  try {
    return await work((progress) => {
      shown = true
      stderr.write(`\r\x1b[K${cut(line(progress), (stderr.columns || 80) - 1)}`)
    })
  } finally {
    clear()
  }
}

module.exports = { line, withProgress }

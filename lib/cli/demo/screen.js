'use strict'

// What the demo's reader sees: a line per event, and on a terminal one line that follows the samples.

const BAR_WIDTH = 24
const COLOURS = /\x1b\[\d+m/g // eslint-disable-line no-control-regex

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
const milliseconds = (ms) => (ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`)

function bar (share) {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * BAR_WIDTH)
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full)
}

/**
 * @param {NodeJS.WriteStream} [out]
 * @returns what writes a line of each kind
 */
function createScreen (out = process.stdout) {
  const started = performance.now()
  const live = Boolean(out.isTTY) && process.env.TERM !== 'dumb'
  const colour = live && !process.env.NO_COLOR
  const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  const clock = () => paint(2, `${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s`)
  let following = false

  function line (text) {
    if (following) out.write('\r\x1b[2K')
    following = false
    out.write(`${text}\n`)
  }

  return {
    /** Something happened. */
    say: (text) => line(`${clock()}  ${text}`),
    /** More about what was said last, or what the server itself has to say. */
    detail: (text) => line(`         ${paint(2, text)}`),
    /** Something went well, or did not. */
    good: (text) => line(`${clock()}  ${paint(32, text)}`),
    bad: (text) => line(`${clock()}  ${paint(31, text)}`),
    /**
     * A sample, against the threshold of the rule that is about to be breached. On a terminal it replaces the
     * sample before it, in a file each is a line.
     */
    sample ({ metric, value, threshold, others }) {
      const figures = `${clock()}  ${`${metric} ${megabytes(value)} of ${megabytes(threshold)}`.padEnd(30)}`
      const rest = paint(2, Object.entries(others).map(([name, bytes]) => `${name} ${megabytes(bytes)}`).join(', '))
      if (!live) return line(`${figures}  ${rest}`)
      const gauge = `${figures}  ${paint(value > threshold ? 31 : 33, bar(value / threshold))}`
      // A line longer than the terminal would wrap, and could not be wiped any more.
      const fits = (text) => text.replace(COLOURS, '').length < (out.columns || 80)
      out.write(`\r\x1b[2K${[`${gauge}  ${rest}`, gauge, figures].find(fits) ?? ''}`)
      following = true
    }
  }
}

module.exports = { createScreen, megabytes, milliseconds }

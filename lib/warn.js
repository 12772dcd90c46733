'use strict'

const said = new Set()

/**
 * Tells the operator through Node's own warning channel: it prints to stderr, never throws and can be
 * silenced with --no-warnings. The same thing is said once, so that a listener which throws at every
 * sample does not fill the log.
 *
 * @param {string} code stable, shown in brackets
 * @param {string} message
 * @param {string} [key] what counts as the same thing; default: the code and the message
 */
function warnOnce (code, message, key = `${code} ${message}`) {
  if (said.has(key)) return
  // Bounded: messages may carry values, and this set lives as long as the process.
  if (said.size >= 1000) said.clear()
  said.add(key)
  process.emitWarning(message, { type: 'HeapwardenWarning', code })
}

module.exports = { warnOnce }

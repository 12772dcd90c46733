'use strict'

const { takes } = require('./stderr')
const { setTimeout } = require('../base/timers')

/** Longer is cut: what Node prints of a warning must fit into the room that was seen, which is a page at least. */
const MOST_CHARACTERS = 1000
/** How often, and how long apart, a stderr that takes nothing is looked at again. */
const TRIES = 60
const AGAIN_MS = 1000
/** Warnings that wait for room at the same time. */
const MOST_WAITING = 20

const said = new Set()
let waiting = 0

/**
 * Tells the operator through Node's own warning channel: it prints to stderr, never throws and can be silenced with
 * --no-warnings. Node's print waits where stderr is a full pipe that nobody reads, and the service with it: then the
 * warning waits instead, for a minute, and does not keep the process alive.
 *
 * @param {string} message
 * @param {string} [code] stable, shown in brackets
 */
function warn (message, code, tries = TRIES) {
  if (takes()) {
    const text = String(message)
    const cut = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text
    return process.emitWarning(cut, { type: 'HeapwardenWarning', code })
  }
  if (tries === 0 || (tries === TRIES && waiting >= MOST_WAITING)) return
  waiting++
  setTimeout(() => {
    waiting--
    warn(message, code, tries - 1)
  }, AGAIN_MS).unref()
}

/**
 * The same thing is said once, so that a listener which throws at every sample does not fill the log.
 *
 * @param {string} code
 * @param {string} message
 * @param {string} [key] what counts as the same thing; default: the code and the message
 */
function warnOnce (code, message, key = `${code} ${message}`) {
  if (said.has(key)) return
  // Bounded: messages may carry values, and this set lives as long as the process.
  if (said.size >= 1000) said.clear()
  said.add(key)
  warn(message, code)
}

module.exports = { warn, warnOnce }

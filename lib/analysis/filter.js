'use strict'

// Which rows are shown: those of one class, or of those a RegExp fits.

/** A predicate on class names; `undefined` = all. */
function filter (className) {
  if (className === undefined) return () => true
  if (typeof className === 'string') return (name) => name === className
  return (name) => {
    // A global or sticky one goes on where it stopped.
    className.lastIndex = 0
    return className.test(name)
  }
}

/** The filter as an argument of the command line, and back: `/…/flags` is a RegExp, anything else a name. */
function print (className) {
  if (typeof className !== 'string') return String(className)
  const literal = className.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  return className.startsWith('/') ? `/^${literal}$/` : className
}

/** @throws SyntaxError for a RegExp that is none */
function parse (text) {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? []
  return source === undefined ? text : new RegExp(source, flags)
}

module.exports = { filter, parse, print }

'use strict'

// The one way to say that a value is not acceptable.

const { inspect } = require('node:util')
const { HeapwardenError } = require('../base/errors')

function show (value) {
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 3, maxStringLength: 60 })
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

/** The error for a value that is not acceptable: which option, what was given, what is accepted. */
function invalid (option, value, accepted) {
  return new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${option}: ${show(value)} was given; accepted: ${accepted}`)
}

module.exports = { invalid }

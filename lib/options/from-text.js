'use strict'

// A value where there is only text, in a variable or a flag: `(text, name) => value`, which its kind checks afterwards.

const { ACCEPTED, yesOrNo } = require('../base/yes-or-no')
const { invalid } = require('./invalid')

const text = (value) => value

function number (value, name) {
  const read = Number(value)
  if (Number.isNaN(read)) throw invalid(name, value, 'a number')
  return read
}

function boolean (value, name) {
  const said = yesOrNo(value)
  if (said === undefined) throw invalid(name, value, ACCEPTED)
  return said
}

/** A name, or no. */
const nameOrNo = (value) => yesOrNo(value) === false ? false : value

/** Names with commas between them, or no. */
const names = (value) => yesOrNo(value) === false ? [] : value.split(',').map((name) => name.trim()).filter(Boolean)

module.exports = { boolean, nameOrNo, names, number, text }

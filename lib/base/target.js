'use strict'

// A file that is to get its name when it is whole, and so would take the place of whatever has that name already.

const fs = require('node:fs')
const { HeapwardenError } = require('./errors')

/** What is at `to`, if it may be replaced or is not there: a device, a pipe and a link stay what they are. */
function replaceable (to) {
  let there
  try {
    there = fs.lstatSync(to, { throwIfNoEntry: false })
  } catch {} // whoever writes there says why he cannot
  if (there && !there.isFile()) throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${to} exists and is not a regular file`)
  return there
}

module.exports = { replaceable }

'use strict'

// The truth table's leaking programs: what suspect no. 1 must be. How they are run, collect.js says; how they are judged,
// judge.js. Beside that a row has:
//
// kinds    the kinds that it may have; more than one only where they are equally right
// holder   must match its title and its holder's name
// holders  where several hold the same entries: each must be among the ways that are told
// file     must match its holder's file, where one is known
// alone    the leak is the largest thing in the heap: one snapshot must name it too
// known    the entry of src/heap/suspects/catalogue.json that must be named with it

module.exports = [
  ...require('./table/own'),
  ...require('./table/packages')
]

'use strict'

// What a rule can do, as whoever carries it out knows it: `Action` of src/watch/rule.rs. Where rules are text, `nothing` is one too.

const native = require('../addon/native')

const actionNames = Object.freeze(JSON.parse(native.actions()))

module.exports = { actionNames }

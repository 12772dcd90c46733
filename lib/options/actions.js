'use strict'

/** What a rule can do: `Action` of src/watch/rule.rs. A new one is a word here; where rules are text, `nothing` is one too. */
const actionNames = Object.freeze(['snapshot'])

module.exports = { actionNames }

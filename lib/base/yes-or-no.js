'use strict'

/**
 * What a text says where a yes or a no is wanted: the same words in every variable and flag, here as in src/units.rs.
 * @returns {boolean | undefined} undefined: neither
 */
function yesOrNo (text) {
  if (/^(1|true|yes|on)$/i.test(text)) return true
  if (/^(0|false|no|off)$/i.test(text)) return false
  return undefined
}

const ACCEPTED = '1, true, yes or on; 0, false, no or off'

module.exports = { ACCEPTED, yesOrNo }

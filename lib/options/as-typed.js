'use strict'

const { HeapwardenError } = require('../base/errors')

/**
 * An error about an option in the words of whoever set it: not all have done so by the option's own name.
 *
 * @param {Error} error
 * @param {Array<[option: string, typed: string]>} spellings
 */
function inTheirWords (error, spellings) {
  if (error?.code !== 'HEAPWARDEN_INVALID_OPTION') return error
  for (const [option, typed] of spellings) {
    // `rules[0].above: …` is about the rules; `keep.count: …` is not about what set `keep` alone.
    if (error.message.startsWith(option) && /^[:[]/.test(error.message.slice(option.length))) {
      return new HeapwardenError(error.code, typed + error.message.slice(option.length), { cause: error })
    }
  }
  return error
}

/** Calls `work`; what it throws is told in the words of whoever typed it. */
function asTyped (spellings, work) {
  try {
    return work()
  } catch (error) {
    throw inTheirWords(error, spellings)
  }
}

module.exports = { asTyped }

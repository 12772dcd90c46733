'use strict'

// The answer for a terminal; and one that is short enough, whatever is in the heap.

const { printableJson } = require('../../base/printable')
const { bytes, number } = require('../table')
const { MOST, ends, short: cut } = require('../suspects/fitting')
const { wrapped } = require('../suspects/text')

const WORDS = { gone: 'GONE', there: 'STILL THERE', unsure: 'NOT SEEN ENOUGH' }
const SUMMARY = {
  gone: (count) => count > 1 ? `Gone: none of the ${count} suspects of before is there any more.` : 'Gone: the suspect of before is not there any more.',
  there: (count, fates) => `Still there: ${fates.filter(({ answer }) => answer === 'there').length} of ${count} suspects of before.`,
  unsure: () => 'Not seen enough to tell.'
}

const size = ({ count, retainedSize, growth, shape }) => `${growth?.length > 1 ? `${growth.map(number).join(' → ')} (${shape})` : number(count)}, ${bytes(retainedSize)}`

function fateText ({ answer, title, reason, fingerprint, before, after }, width) {
  return [
    ...wrapped(`${WORDS[answer]}: ${title}`, width),
    ...wrapped(`${reason[0].toUpperCase()}${reason.slice(1)}.`, width, '   '),
    ...wrapped(`entries before: ${size(before)}${after ? `; after: ${size(after)}` : ''}`, width, '   '),
    ...wrapped(`fingerprint ${fingerprint}`, width, '   ')
  ].join('\n')
}

const newText = (suspect, width) => [...wrapped(`NEW: ${suspect.title}`, width), ...wrapped(`fingerprint ${suspect.fingerprint}`, width, '   ')].join('\n')

function text (result, width) {
  return [
    SUMMARY[result.answer](result.suspects.length, result.suspects),
    ...result.suspects.map((one) => fateText(one, width)),
    ...result.new.map((one) => newText(one, width)),
    wrapped(`After: ${result.after.headline}`, width).join('\n')
  ].join('\n\n')
}

/** With eight suspects and eight new ones, and their texts and lists so long, it is below the limit, even if every character has to be escaped. */
const TITLE = 120
const VALUES = 5

const less = (figures) => figures && { ...figures, ...(figures.growth && { growth: ends(figures.growth, VALUES) }) }

function short (result) {
  // The text has less than the JSON.
  if (printableJson(result).length < MOST) return result
  const shown = result.suspects.slice(0, 8).map((one) => ({ ...one, title: cut(one.title, TITLE), before: less(one.before), ...(one.after && { after: less(one.after) }) }))
  const fresh = result.new.slice(0, 8).map((one) => ({ ...less(one), title: cut(one.title, TITLE) }))
  const side = (one) => ({ ...one, headline: cut(one.headline, 4 * TITLE) })
  return { ...result, suspects: shown, new: fresh, before: side(result.before), after: side(result.after), shortened: ['--full has all of it'] }
}

module.exports = { short, text }

'use strict'

// Whether what was suspected before is suspected still. Rather "not seen enough" than a guess.

/** Suspects that are asked for, so that none is missing for being the sixth. As many as are weighed. */
const ALL = 32
/** So many a saved report has, unless somebody asked for others. */
const USUAL = 5

/** The figures of a suspect, to be set beside others. */
const figures = ({ verdict, count, retainedSize, share, growth }) => ({ verdict, count, retainedSize, share, ...(growth && { growth: growth.perSnapshot, shape: growth.shape }) })

/** Why nothing follows from a suspect's absence in `report`; undefined: it is gone. */
function doubt (suspect, report) {
  if (!report.complete) return 'of AFTER there is only what could be salvaged'
  if (report.saved && report.suspects.length >= USUAL && report.suspects.at(-1).verdict === report.suspects[0].verdict) {
    return `AFTER is a report that names ${report.suspects.length}, and further ones may have been left out; give its snapshots, or a report made with --top ${ALL}`
  }
  if (report.confidence === 'size' && suspect.verdict !== 'large') {
    return 'one snapshot shows no growth, and the program may not have run long enough to hold much; give two or more, some minutes and requests apart'
  }
  return undefined
}

/** What became of one suspect. */
function fate (suspect, report) {
  const { fingerprint, title } = suspect
  const now = report.suspects.find((one) => one.fingerprint === fingerprint)
  const common = { fingerprint, title, before: figures(suspect), ...(now && { after: figures(now) }) }
  if (now === undefined) {
    const why = doubt(suspect, report)
    if (why) return { ...common, answer: 'unsure', reason: why }
    return { ...common, answer: 'gone', reason: report.confidence === 'growth' ? 'nothing grows there any more' : 'it holds nothing to speak of any more, as far as one snapshot shows' }
  }
  if (now.verdict === 'leak') return { ...common, answer: 'there', reason: 'it still grows' }
  if (now.verdict === 'large') return { ...common, answer: 'there', reason: 'it still holds much; whether it grows, one snapshot cannot tell' }
  // Two points make no shape: what rises at first and what goes on rising look alike.
  if (now.verdict === 'settling' && report.snapshots.length < 3) {
    return { ...common, answer: 'unsure', reason: 'it has grown, and seems to settle; two snapshots are too few to tell, give three or more' }
  }
  const words = now.verdict === 'backlog' ? 'it grows under load and gives back' : 'it has stopped growing, or is bounded'
  return { ...common, answer: 'gone', reason: `it is no leak any more: ${words}` }
}

/** The whole: as bad as its worst. */
function worst (fates) {
  return ['there', 'unsure', 'gone'].find((one) => fates.some(({ answer }) => answer === one))
}

/**
 * @param {object} before a report with at least one suspect
 * @param {object} after
 * @param {string[]} [asked] fingerprints of `before`; else its leaks, or if there are none its first suspect
 */
function verified (before, after, asked) {
  const leaks = before.suspects.filter(({ verdict }) => verdict === 'leak')
  const chosen = asked
    ? before.suspects.filter(({ fingerprint }) => asked.includes(fingerprint))
    : leaks.length > 0 ? leaks : before.suspects.slice(0, 1)
  const fates = chosen.map((suspect) => fate(suspect, after))
  const known = new Set(before.suspects.map(({ fingerprint }) => fingerprint))
  // From one snapshot everything that is large would be news.
  const fresh = after.suspects.filter(({ fingerprint, verdict }) => !known.has(fingerprint) && (verdict === 'leak' || (verdict === 'large' && before.confidence === 'size')))
  return {
    answer: worst(fates),
    suspects: fates,
    new: fresh.map((suspect) => ({ fingerprint: suspect.fingerprint, title: suspect.title, ...figures(suspect) })),
    before: { verdict: before.verdict, headline: before.headline, snapshots: before.snapshots.length },
    after: { verdict: after.verdict, headline: after.headline, snapshots: after.snapshots.length }
  }
}

module.exports = { ALL, verified }

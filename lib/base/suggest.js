'use strict'

/** Levenshtein distance; inputs are option names, so the plain table will do. */
function distance (a, b) {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, swap)
    }
    previous = row
  }
  return previous[b.length]
}

/**
 * The name in `known` that was probably meant by `given`, or undefined.
 * At most a third of the letters may differ, so that nothing far-fetched is proposed.
 */
function closest (given, known) {
  if (given.length > 64) return undefined
  let best
  let least = Infinity
  for (const name of known) {
    const d = distance(given.toLowerCase(), name.toLowerCase())
    if (d < least) [best, least] = [name, d]
  }
  return least <= Math.max(1, Math.floor(given.length / 3)) ? best : undefined
}

/** ` (did you mean 'x'?)`, or nothing. */
function didYouMean (given, known) {
  const name = closest(given, known)
  return name === undefined ? '' : ` (did you mean '${name}'?)`
}

module.exports = { closest, didYouMean }

'use strict'

/** The middle one; between the two middle ones if their number is even. */
function median (numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

module.exports = { median }

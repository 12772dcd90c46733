'use strict'

// Sizes, durations and ratios as people write them: the twin of src/units.rs. __test__/addon/twins.once.test.js compares them.

const { HeapwardenError } = require('../../base/errors')

const BYTES = {
  '': 1n, b: 1n, kb: 1000n, kib: 1n << 10n, mb: 1000n ** 2n, mib: 1n << 20n, gb: 1000n ** 3n, gib: 1n << 30n, tb: 1000n ** 4n, tib: 1n << 40n
}
const MILLISECONDS = { '': 1, ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 }
const PARTS = { '': 1, '%': 100 }
const MOST_BYTES = (1n << 64n) - 1n

/** `"1.5 GiB"` → number, unit and what the unit stands for; undefined if it is not of this form. */
function split (text, units) {
  // Not trim(): it takes other characters for blanks than Rust does.
  const [, number, unit] = /^([0-9.]*)\p{White_Space}*(.*)$/su.exec(text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, ''))
  if (!/^(\d+\.?\d*|\.\d+)$/.test(number)) return undefined
  const name = unit.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return Object.hasOwn(units, name) ? { number, scale: units[name] } : undefined
}

function refused (text, what) {
  return new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${JSON.stringify([...text].slice(0, 40).join(''))} is not ${what}`)
}

function parseBytes (text) {
  const parts = split(text, BYTES)
  if (parts) {
    // The whole part stays an integer: a size beyond 2^53 must not lose its last bytes to a float.
    const [whole, fraction = ''] = parts.number.split('.')
    const rest = BigInt(Math.round(Number(`0.${fraction}`) * Number(parts.scale)))
    const bytes = BigInt(whole) * parts.scale + rest
    if (bytes <= MOST_BYTES) return Number(bytes)
  }
  throw refused(text, 'a size')
}

function parseDuration (text) {
  const parts = split(text, MILLISECONDS)
  const duration = parts ? Number(parts.number) * parts.scale : Infinity
  if (Number.isFinite(duration)) return duration
  throw refused(text, 'a duration')
}

function parseRatio (text) {
  const parts = split(text, PARTS)
  const ratio = parts ? Number(parts.number) / parts.scale : Infinity
  if (ratio <= 1) return ratio
  throw refused(text, 'a ratio')
}

module.exports = { parseBytes, parseDuration, parseRatio }

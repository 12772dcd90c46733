'use strict'

// What a report's figures are called, on a terminal and in a ticket.

const { bytes, number } = require('../table')

const minutes = (ms) => {
  const all = Math.round(ms / 60_000)
  if (all < 1) return `${Math.round(ms / 1000)} s`
  return all < 120 ? `${all} min` : `${Math.round(all / 60)} h`
}

/** `3 snapshots over 12 min, 41.2 MB → 97.0 MB`. */
function seen ({ snapshots, total }) {
  if (snapshots.length < 2) return `1 snapshot, ${bytes(total)}`
  const [first, last] = [snapshots[0], snapshots.at(-1)]
  const span = last.at > first.at ? ` over ${minutes(last.at - first.at)}` : ''
  return `${number(snapshots.length)} snapshots${span}, ${bytes(first.totalSize)} → ${bytes(last.totalSize)}`
}

/** `+310 a minute`, `+4.2 a minute`, `+18 an hour`, `+3 a day`: what a person can count. As the report's own sentences have it. */
function rate (perMinute) {
  const [times, unit] = [[1, 'a minute'], [60, 'an hour']].find(([times]) => perMinute === 0 || Math.abs(perMinute * times) >= 0.95) ?? [1440, 'a day']
  const size = Math.abs(perMinute * times)
  return `${perMinute < 0 ? '-' : '+'}${number(times > 1 || size >= 9.95 ? Math.round(size) : Number(size.toFixed(1)))} ${unit}`
}

/** `120 → 5,000 entries, +310 a minute (linear)`. */
function growth ({ perSnapshot, perMinute, shape }) {
  return `${perSnapshot.map(number).join(' → ')}${perMinute === undefined ? '' : `, ${rate(perMinute)}`} (${shape})`
}

/** What a report leaves out, as a sentence; nothing: none. */
const left = ({ shortened }) => shortened?.length > 0 ? `Left out: ${shortened.join(', ')}; --full has all of it.` : undefined

const percent = (share) => `${Math.round(share * 100)} %`

module.exports = { growth, left, percent, rate, seen }

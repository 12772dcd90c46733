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

/** `120 → 5,000 entries, +310 a minute (linear)`. */
function growth ({ perSnapshot, perMinute, shape }) {
  const rate = perMinute === undefined ? '' : `, ${perMinute < 0 ? '' : '+'}${number(perMinute)} a minute`
  return `${perSnapshot.map(number).join(' → ')}${rate} (${shape})`
}

/** What a report leaves out, as a sentence; nothing: none. */
const left = ({ shortened }) => shortened?.length > 0 ? `Left out: ${shortened.join(', ')}; --full has all of it.` : undefined

const percent = (share) => `${Math.round(share * 100)} %`

module.exports = { growth, left, percent, seen }

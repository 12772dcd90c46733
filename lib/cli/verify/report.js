'use strict'

// A report that was saved. It was a file in the meantime, and may be anybody's: only what is looked at later is taken, and only if
// it is what it says.

const fs = require('node:fs')
const { UsageError } = require('../terminal')

/** A report has some ten thousand characters; with --full, very long names and many snapshots it may have more. */
const MOST = 64 * 1024 * 1024
const HEAD = 512

const VERDICTS = ['leak', 'backlog', 'large', 'settling', 'none', 'unknown']

/** Whether a file begins as a JSON that is no snapshot. A pipe is not touched: it can be read once only. */
function isCandidate (file) {
  let descriptor
  try {
    const stat = fs.statSync(file)
    if (!stat.isFile() || stat.size > MOST) return false
    descriptor = fs.openSync(file)
    const head = Buffer.alloc(HEAD)
    const text = head.toString('utf8', 0, fs.readSync(descriptor, head)).replace(/^\ufeff/, '')
    return /^\s*\{/.test(text) && !/^\s*\{\s*"snapshot"\s*:/.test(text)
  } catch {
    return false // whoever reads it as a snapshot says why
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor)
  }
}

const count = (value) => Number.isFinite(value) && value >= 0

function suspect (one) {
  const { verdict, title, fingerprint, count: entries, retainedSize, share, growth } = one ?? {}
  const fits = VERDICTS.includes(verdict) && typeof title === 'string' && /^[0-9a-f]{16}$/.test(fingerprint) &&
    count(entries) && count(retainedSize) && count(share)
  if (!fits) return undefined
  const shape = typeof growth?.shape === 'string' && Array.isArray(growth.perSnapshot) && growth.perSnapshot.every(count)
  return { verdict, title, fingerprint, count: entries, retainedSize, share, ...(shape && { growth: { perSnapshot: growth.perSnapshot, shape: growth.shape } }) }
}

/** The report in a file; undefined: it is none, and may be a snapshot. @throws UsageError for one that is damaged */
function reportIn (file) {
  if (!isCandidate(file)) return undefined
  let report
  try {
    report = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\ufeff/, ''))
  } catch {
    return undefined
  }
  if (!Array.isArray(report.suspects) || !Array.isArray(report.snapshots)) return undefined
  const suspects = report.suspects.map(suspect)
  if (!VERDICTS.includes(report.verdict) || typeof report.headline !== 'string' || suspects.includes(undefined)) {
    throw new UsageError(`${file} looks like a report of heapwarden's and is none: a field is missing or is not what it should be`)
  }
  return {
    verdict: report.verdict,
    confidence: report.confidence === 'growth' ? 'growth' : 'size',
    headline: report.headline,
    complete: report.complete !== false,
    snapshots: report.snapshots,
    suspects,
    saved: true
  }
}

module.exports = { reportIn }

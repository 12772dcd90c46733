'use strict'

// Runs programs/fork-load.js and judges each capture it takes.

const fs = require('node:fs')
const { totals } = require('./forks')
const { start } = require('./programs')

/** How long a capture may take on a machine whose cores are taken: more than its own timeout. */
const PER_CAPTURE_MS = 185_000

/** @returns why this capture is not as it should be; undefined if it is */
async function fault ({ type, info, code, message, turns, answered, unanswered }) {
  if (type === 'failed') return `${code} ${message}`
  try {
    const { nodes } = await totals(info.path)
    if (nodes !== info.nodes) return `${info.path}: ${nodes} nodes, ${info.nodes} told`
  } catch (error) {
    return `${info.path}: ${error.message}`
  }
  if (info.mode !== 'fork') return `mode ${info.mode}`
  if (turns === 0) return 'the loop did not turn'
  if (answered === 0) return 'no request was answered'
  if (unanswered > 0) return `${unanswered} requests failed`
}

/**
 * Takes `count` snapshots under load into `dir`; removes the good ones.
 * @returns {Promise<{captures: object[], faults: string[], hung: number}>} hung: captures that timed out
 */
async function load (dir, count) {
  const program = start('fork-load', [dir, count], { deadline: count * PER_CAPTURE_MS })
  const { status, signal, stderr, lines } = await program.ended
  const captures = lines.filter(({ type }) => type === 'capture')
  const faults = []
  for (const line of lines.filter(({ type }) => type !== 'end')) {
    const why = await fault(line)
    if (why) faults.push(why)
    else fs.rmSync(line.info.path)
  }
  if (status !== 0 || stderr) faults.push(`the program ended with ${signal ?? status}: ${stderr}`)
  if (captures.length + faults.length < count) faults.push(`${captures.length} captures of ${count}`)
  const hung = lines.filter(({ code }) => code === 'HEAPWARDEN_TIMEOUT').length
  return { captures, faults, hung }
}

module.exports = { load }

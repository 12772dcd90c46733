'use strict'

// Judges what findSuspects() says of a program's snapshots by its row of the truth table. Each thing that is wrong is a sentence; none: it is right.

const { findSuspects } = require('../..')

const NO_LEAK = ['none', 'backlog', 'settling']
const quoted = (suspect) => `a ${suspect.kind} "${suspect.title}", held by ${suspect.holder.name || 'nothing with a name'}`

/** Ways to look at the same program: each must name the same. */
function ways (files, { alone }) {
  const all = { said: `all ${files.length}`, files, verdict: 'leak' }
  const two = { said: 'the first and the last', files: [files[0], files.at(-1)], verdict: 'leak' }
  const last = { said: 'the last alone', files: files.slice(-1), verdict: 'large' }
  return [all, ...files.length > 2 ? [two] : [], ...alone ? [last] : []]
}

/** Of one report: what is wrong with its verdict and its suspect no. 1. */
function namedWrongly (row, { verdict, suspects: [first] }, expected) {
  if (!first) return [`verdict ${verdict} and no suspect`]
  const wrong = []
  const check = (right, sentence) => { if (!right) wrong.push(sentence) }
  check(verdict === expected, `verdict ${verdict} instead of ${expected}`)
  check(first.verdict === expected, `suspect no. 1 is told to be ${first.verdict} instead of ${expected}`)
  check(row.kinds.includes(first.kind), `${quoted(first)}: its kind is not ${row.kinds.join(' or ')}`)
  check(row.holder.test(first.title), `the title "${first.title}" does not name ${row.holder}`)
  check(row.holder.test(first.holder.name), `the holder ${first.holder.name} is not ${row.holder}`)
  check(!row.file || !first.holder.file || row.file.test(first.holder.file), `the holder is in ${first.holder.file} and not in ${row.file}`)
  check(first.known?.id === row.known, `known as ${first.known?.id ?? 'nothing'} instead of ${row.known ?? 'nothing'}`)
  const told = [first.pathText, ...first.holderTexts]
  for (const holder of row.holders ?? []) check(told.some((way) => holder.test(way)), `${holder} is not among the ways: ${told.join('; ')}`)
  return wrong
}

/**
 * @param {object} row of the table of leaks
 * @param {string[]} files its snapshots, oldest first
 * @param {object} [options] for findSuspects()
 * @returns {Promise<{ wrong: string[], fingerprint?: string }>} the fingerprint that all the snapshots have for it
 */
async function judgeLeak (row, files, options) {
  const wrong = []
  let fingerprint
  for (const { said, files: some, verdict } of ways(files, row)) {
    const report = await findSuspects(some, options)
    wrong.push(...namedWrongly(row, report, verdict).map((what) => `from ${said}: ${what}`))
    const print = report.suspects[0]?.fingerprint
    fingerprint ??= print
    if (print && print !== fingerprint) wrong.push(`from ${said}: fingerprint ${print} instead of ${fingerprint}`)
  }
  return { wrong, fingerprint }
}

/** @returns {Promise<{ wrong: string[] }>} of a row of the healthy table */
async function judgeHealthy (row, files, options) {
  const { verdict, suspects } = await findSuspects(files, options)
  if (NO_LEAK.includes(verdict)) return { wrong: [] }
  return { wrong: [`verdict ${verdict}: ${suspects.length > 0 ? quoted(suspects[0]) : 'no suspect'}`] }
}

/** @param {'leaks' | 'healthy'} table */
const judge = (table, row, files, options) => table === 'healthy' ? judgeHealthy(row, files, options) : judgeLeak(row, files, options)

module.exports = { judge }

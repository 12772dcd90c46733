'use strict'

// A row of the truth table from start to end: its program under load, its snapshots judged and thrown away. And many rows, some at a time.

const path = require('node:path')
const { collect } = require('./collect')
const { judge } = require('./judge')
const { scratchFolder } = require('../../scripts/base/undo')

/** Half of such a run is one process waiting for the other: two cores have enough with two. */
const AT_A_TIME = 2

/**
 * @param {'leaks' | 'healthy'} table
 * @param {object} row
 * @param {{ node?: string, modules?: string }} [options] as collect() has them
 * @returns {Promise<{ wrong: string[], fingerprint?: string }>}
 */
async function examine (table, row, options) {
  const { dir, remove } = scratchFolder('heapwarden-truth-')
  try {
    const files = await collect(row, { ...options, out: dir })
    const { wrong, fingerprint } = await judge(table, row, files)
    // It differs from run to run and tells a reader nothing.
    return { wrong: wrong.map((sentence) => sentence.replaceAll(dir + path.sep, '')), fingerprint }
  } finally {
    remove()
  }
}

/** Has `work` done for each of a list, `AT_A_TIME` of them at once; @returns what it gave, in the list's order */
async function someAtATime (list, work) {
  const results = []
  let next = 0
  const worker = async () => {
    while (next < list.length) {
      const i = next++
      results[i] = await work(list[i])
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  return results
}

module.exports = { AT_A_TIME, examine, someAtATime }

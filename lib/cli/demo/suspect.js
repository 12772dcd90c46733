'use strict'

// Who leaks, by the two snapshots that the demo has.

const { printable } = require('../../base/printable')

/**
 * Names the leak, with what an operator would have been told in one line.
 * @param {string[]} paths of the snapshots, the earlier one first
 * @returns {Promise<object | undefined>} the report; none where this platform analyses nothing
 */
async function tellSuspect (findSuspects, paths, screen) {
  let report
  try {
    report = await findSuspects(paths, { top: 1 })
  } catch (error) {
    if (error.code !== 'HEAPWARDEN_UNSUPPORTED') throw error
    screen.say(`the leak is not named here: ${printable(error.message)}`)
    return undefined
  }
  const [suspect] = report.suspects
  if (suspect !== undefined) {
    screen.good(`suspect: ${printable(suspect.title)}`)
    screen.detail(printable(suspect.pathText))
    screen.detail(`usual cure: ${printable(suspect.cure)}`)
  }
  screen.good(`what you would have been told: ${printable(report.headline)}`)
  return report
}

module.exports = { tellSuspect }

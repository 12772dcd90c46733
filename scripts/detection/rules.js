'use strict'

// The two rules of watch.js, over more rounds than snapshots are taken for: five collections must have had the time to grow.

const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { start } = require('../../__test__/leaks/collect')
const { load } = require('../../__test__/leaks/load')

const ROUNDS = 9
/** Of heapUsed after the warm-up. */
const THRESHOLD = 1.5

const of = (value, i) => Array.isArray(value) ? value[i % value.length] : value

/** @returns {Promise<{ threshold: { said: boolean, times: number }, memwatch: { said: boolean } }>} */
async function rules (row, options) {
  const { warmUp = 60, perRound = 300, settleMs = 0, pauseMs = 0 } = row
  const program = await start({
    ...row,
    flags: [...row.flags ?? [], '--require', path.join(__dirname, 'watch.js')],
    env: { ...row.env, DETECTION_THREAD: row.worker ? 'worker' : 'main' }
  }, options)
  const looks = []
  try {
    const { port } = await program.told('listening')
    let first = 0
    for (let round = 0; round <= ROUNDS; round++) {
      if (round > 0) await sleep(pauseMs)
      first = await load({ port, row, round, first, count: round === 0 ? warmUp : of(perRound, round - 1) })
      await sleep(of(settleMs, round))
      program.child.send({ type: 'look' })
      looks.push(await program.told('looked'))
    }
  } finally {
    await program.stop()
  }
  const times = Math.max(...looks.map(({ heapUsed }) => heapUsed)) / looks[0].heapUsed
  return { threshold: { said: times >= THRESHOLD, times }, memwatch: { said: looks.at(-1).fiveGrew } }
}

module.exports = { rules, ROUNDS, THRESHOLD }

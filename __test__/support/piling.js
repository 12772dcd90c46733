'use strict'

const path = require('node:path')
const { finish } = require('./programs')

/** Snapshots of a program in which something piles up, oldest first: programs/piling.js says what. `plain`: as JSON. */
async function piled (dir, kind, rounds, { plain = false, ...options } = {}) {
  const more = { keep: { count: 1000 }, ...(plain && { level: 0 }), ...options }
  const lines = await finish('piling', [dir, kind, rounds, JSON.stringify(more)], { flags: ['--expose-gc'] })
  return lines.map((line) => path.resolve(line.path))
}

module.exports = { piled }

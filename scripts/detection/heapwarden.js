'use strict'

// What heapwarden says of a row's snapshots: named, if its verdict is a leak and suspect no. 1 has the row's holder and one of its kinds.

const { findSuspects } = require('../..')

/** @returns {Promise<{ said: boolean, named: boolean, verdict: string }>} */
async function heapwarden (files, row) {
  const { verdict, suspects: [first] } = await findSuspects(files)
  const named = verdict === 'leak' && row.kinds?.includes(first?.kind) && (row.holder.test(first.title) || row.holder.test(first.holder.name))
  return { said: verdict === 'leak', named: Boolean(named), verdict }
}

module.exports = { heapwarden }

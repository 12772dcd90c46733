'use strict'

const path = require('node:path')
const { pipeline } = require('node:stream/promises')
const { UsageError, args } = require('./terminal')

const usage = `usage: heapwarden cat FILE

Unpacks a snapshot to stdout: the JSON that Chrome DevTools loads.

  heapwarden cat heap.heapsnapshot.zst > heap.heapsnapshot

  --json   failures as JSON; the output is JSON anyway`

async function cat (argv) {
  const { positionals: [file] } = args(argv, { json: { type: 'boolean' } }, { positionals: 1 })
  if (file === undefined) throw new UsageError('which FILE?')
  const { openSnapshot } = require('../snapshots')
  await pipeline(openSnapshot(path.resolve(file)), process.stdout, { end: false })
  return 0
}

module.exports = { cat, usage }

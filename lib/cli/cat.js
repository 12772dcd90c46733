'use strict'

// `heapwarden cat`: a snapshot's JSON on stdout.

const { pipeline } = require('node:stream/promises')
const { commandLine, places } = require('./analysis')
const { UsageError, args, outputFailed } = require('./terminal')

const usage = `usage: heapwarden cat FILE

Unpacks a snapshot to stdout: the JSON that Chrome DevTools loads.
FILE is plain or packed as zstd or gzip; a pipe, or - for standard input. A heap image, or its bundle, is thawed first.

  heapwarden cat heap.heapsnapshot.zst > heap.heapsnapshot

  --json   failures as JSON; the output is JSON anyway`

async function cat (argv) {
  const { positionals } = args(argv, { json: { type: 'boolean' } }, { positionals: 1 })
  if (positionals.length === 0) throw new UsageError('which FILE?')
  const [place] = places(positionals)
  const { openSnapshot, unpackStdin } = require('../monitor/snapshot-stream')
  try {
    await pipeline(place === '-' ? unpackStdin() : openSnapshot(place, { told: commandLine.told }), process.stdout, { end: false })
  } catch (error) {
    if (error.syscall === 'write') outputFailed(error)
    throw error
  }
  return 0
}

module.exports = { cat, usage }

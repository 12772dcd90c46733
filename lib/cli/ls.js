'use strict'

// `heapwarden ls`: the snapshots in a folder.

const fs = require('node:fs')
const path = require('node:path')
const { HeapwardenError } = require('../base/errors')
const { printable, printableJson } = require('../base/printable')
const { table } = require('./table')
const { UsageError, args, bytes, print, say } = require('./terminal')

const usage = `usage: heapwarden ls [DIR] [--json]

Lists the snapshots and heap images in DIR, newest first. Without DIR: HEAPWARDEN_DIR, else where snapshots go by default.

  --json   an array of what is known of each`

const head = [{ head: 'TAKEN', text: true }, { head: 'FORM', text: true }, { head: 'SIZE' }, { head: 'UNPACKED' }, { head: 'PAUSE' }, { head: 'PID' }, { head: 'WHY', text: true }, { head: 'NAME', text: true }]

/** A file whose metadata is lost has no date, and one that somebody else wrote may have one of no calendar. */
function taken ({ at }) {
  // To a Date null is 1970.
  const date = new Date(at ?? NaN)
  return Number.isNaN(date.getTime()) ? '?' : date.toISOString().replace(/\.\d+Z$/, 'Z')
}

const row = (info) => [
  taken(info),
  info.form,
  bytes(info.bytes),
  Number.isFinite(info.rawBytes) ? bytes(info.rawBytes) : '?',
  Number.isFinite(info.pauseMs) ? `${Math.round(info.pauseMs)} ms` : '?',
  String(info.pid ?? '?'),
  info.trigger ?? '?',
  path.basename(info.path) + (info.complete ? '' : ' (incomplete)')
]

async function ls (argv) {
  const { values, positionals } = args(argv, { json: { type: 'boolean' } }, { positionals: 1 })
  if (positionals[0] === '') throw new UsageError('DIR is empty: a variable that is not set?')
  const { list } = require('../monitor/snapshots')
  const dir = positionals[0] === undefined ? require('../addon/native').snapshotDir('') : path.resolve(positionals[0])
  const found = await list(dir)
  // Where none has been taken yet the folder by default need not be there; one that is named should.
  if (found.length === 0 && positionals.length > 0 && !fs.existsSync(dir)) throw new HeapwardenError('HEAPWARDEN_NOT_FOUND', `there is no folder ${dir}`)
  if (values.json) await print(printableJson(found))
  else if (found.length === 0) say(`${fs.existsSync(dir) ? 'no snapshots in' : 'there is no folder'} ${printable(dir)}`)
  else await print(table(head, found.map(row)))
  return 0
}

module.exports = { ls, usage }

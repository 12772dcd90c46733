'use strict'

// The package's face. What each name does is written where it lives; the types are in index.d.ts.

const { compare, findPaths, findSuspects, summarize } = require('./lib/analysis')
const native = require('./lib/addon/native')
const { ask, thaw } = require('./lib/image')
const { HeapwardenError } = require('./lib/base/errors')
const { Monitor, watch } = require('./lib/watch')
const { openSnapshot } = require('./lib/monitor/snapshot-stream')
const { takeSnapshot } = require('./lib/monitor/snapshots')

let capabilities

module.exports = { watch, takeSnapshot, openSnapshot, summarize, compare, findPaths, findSuspects, thaw, ask, Monitor, HeapwardenError }

// Asked for once and only if somebody wants to know. Outside the literal above, so that tools which read
// the exports of a CommonJS file without running it still see the others.
Object.defineProperty(module.exports, 'capabilities', {
  enumerable: true,
  get () {
    capabilities ??= Object.freeze(JSON.parse(native.capabilities()))
    return capabilities
  }
})

'use strict'

// The truth table, as much of it as there is time for: a leak of each kind beside those of fingerprint.test.js, and what only looks like one.
// All of it, with packages, and on every Node: `npm run truth`.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { rows } = require('./collect')
const { AT_A_TIME, examine } = require('./examine')

/** Fewer requests where their leak is large enough with these. */
const LEAKS = {
  'retry-queue': { perRound: 200 },
  'price-board': { perRound: 200 },
  'request-deadline': {},
  'upload-check': { perRound: 200 },
  'chat-transcript': {},
  'reloaded-settings': {},
  notifications: {},
  'tenant-jobs': {},
  'formula-sandbox': {},
  'export-progress': {},
  'file-leases': {},
  'failed-payments': {},
  'user-directory': {}
}
const HEALTHY = {
  'lru-full': {},
  'lru-filling': {},
  'big-constant-cache': { snapshots: 2 },
  'warm-up': {},
  sawtooth: {},
  'listeners-removed': {},
  'in-flight': {}
}

const row = (table, name) => rows(table).find((one) => one.name === name)

describe('what leaks is named: its holder, its kind, from two snapshots, three and one', { concurrency: AT_A_TIME }, () => {
  for (const [name, fewer] of Object.entries(LEAKS)) {
    test(name, async () => assert.deepEqual((await examine('leaks', { ...row('leaks', name), ...fewer })).wrong, []))
  }
})

describe('what does not leak is no leak', { concurrency: AT_A_TIME }, () => {
  for (const [name, fewer] of Object.entries(HEALTHY)) {
    test(name, async () => assert.deepEqual((await examine('healthy', { ...row('healthy', name), ...fewer })).wrong, []))
  }
})

'use strict'

// Captures under load. The long run is scripts/fork-soak.js.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { forkTest } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')
const { load } = require('../../support/load')

const COUNT = 5

forkTest(`${COUNT} captures under load: each file is whole, none hangs, the service is unharmed`, async (t) => {
  const dir = tempDir(t)
  const { captures, faults, hung } = await load(dir, COUNT)
  assert.deepEqual({ faults, hung, files: fs.readdirSync(dir) }, { faults: [], hung: 0, files: [] })
  assert.equal(captures.length, COUNT)
  const attempts = captures.map(({ info }) => info.attempts).join(' ')
  const pauses = captures.map(({ info }) => info.pauseMs.toFixed(1)).join(' ')
  t.diagnostic(`attempts ${attempts}; pauses ${pauses} ms`)
})

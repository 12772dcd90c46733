'use strict'

// One bug has one fingerprint, on each Node and in each run: these two are written down. Everything else is compared by `npm run truth`.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { rows } = require('./collect')
const { examine } = require('./examine')

const FINGERPRINTS = {
  'page-cache': 'd879c4d60384dc1f',
  'live-config': 'cabacb9db196b9f3'
}

for (const [name, fingerprint] of Object.entries(FINGERPRINTS)) {
  test(`${name} is named and has the fingerprint that it always has`, async () => {
    const row = rows().find((one) => one.name === name)
    assert.deepEqual(await examine('leaks', { ...row, perRound: 200 }), { wrong: [], fingerprint })
  })
}

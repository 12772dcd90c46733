'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { text } = require('node:stream/consumers')
const { capabilities, openSnapshot, takeSnapshot } = require('../..')

// Built at run time: a literal would also be part of this file's source, which is a string of the heap too.
const secret = ['s3cr3t', process.pid, 'value'].join('-')

class SessionOfSomebody {
  constructor () { this.passwordField = secret.split('').join('') }
}

for (const mode of ['fork', 'inline', 'auto']) {
  const works = mode === 'auto' || capabilities.snapshots[mode].available
  test(`${mode}: values are masked, names stay, and without redact they are there`, async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-redact-'))
    t.after(() => fs.rmSync(dir, { recursive: true }))
    const kept = new SessionOfSomebody()
    if (!capabilities.redact.available || (!works && mode === 'fork')) {
      return assert.rejects(takeSnapshot({ dir, mode, redact: true }), { code: 'HEAPWARDEN_UNSUPPORTED' })
    }
    const plain = await text(openSnapshot((await takeSnapshot({ dir, mode })).path))
    const masked = await text(openSnapshot((await takeSnapshot({ dir, mode, redact: true })).path))
    assert.ok(plain.includes(secret), 'the test plants it')
    assert.ok(!masked.includes(secret))
    for (const name of ['SessionOfSomebody', 'passwordField']) assert.ok(masked.includes(`"${name}"`), name)
    const { snapshot, nodes } = JSON.parse(masked)
    assert.equal(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length)
    assert.equal(kept.passwordField, secret)
  })
}

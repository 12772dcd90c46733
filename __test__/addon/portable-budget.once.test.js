'use strict'

// Where V8 is not reached, JavaScript asks whether a snapshot fits: by memoryBudget too.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { tempDir } = require('../support/helpers')
const { start } = require('../support/programs')

for (const [path, env] of [['addon', { HEAPWARDEN_PORTABLE: '1' }], ['no addon', { HEAPWARDEN_NATIVE: '0' }]]) {
  test(`without V8, ${path}: what may be a long array must fit memoryBudget`, async (t) => {
    const dir = tempDir(t)
    // A heap of 10 MB, and 380 for the numbers of its elements.
    const options = { dir, mode: 'auto', objects: 0, array: 300_000, memoryBudget: '300MB' }
    const { child, line } = start('fork-host', [JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    t.after(() => child.kill('SIGKILL'))
    const said = await line(({ type }) => type === 'snapshot' || type === 'failed')
    assert.equal(said.code, 'HEAPWARDEN_MEMORY_BUDGET', said.message)
    assert.match(said.message, /up to .* are one long array, and memoryBudget allows 286/)
    assert.deepEqual(fs.readdirSync(dir), [])
  })
}

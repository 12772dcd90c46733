'use strict'

// What repeats the addon's table of metrics is what `npm run generate` makes of it.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { join } = require('node:path')
const { test } = require('node:test')
const { root } = require('../support/helpers')

test('docs, types and the list without a binary are what the addon declares', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'generate.js'), '--check'], { encoding: 'utf8' })
  assert.equal(status, 0, stdout + stderr)
})

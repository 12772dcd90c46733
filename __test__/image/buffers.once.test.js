'use strict'

// Without the contents of Buffers where a thread sits in native code; the ways that are tried on each Node: buffers.test.js.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { tempDir } = require('../support/helpers')
const { isWithout } = require('../support/marks')
const { finish } = require('../support/programs')
const { options } = require('../support/stuck')

test('an image of a thread in one long native call has none of them', options, async (t) => {
  const [said] = await finish('buffers', [tempDir(t), 'native'])
  assert.match(said.info.reason, /came to no stack guard/)
  await isWithout(said)
})

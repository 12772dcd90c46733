'use strict'

// A worker's heap is captured while another thread holds locks of V8's.

const assert = require('node:assert/strict')
const { forkTest } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')
const { finish } = require('../../support/programs')

const COUNT = 3

forkTest('a worker is captured beside a main thread that allocates, at the first attempt', async (t) => {
  const taken = await finish('beside', [tempDir(t), COUNT])
  assert.deepEqual(taken.map(({ attempts, message }) => message ?? attempts), Array(COUNT).fill(1))
})

'use strict'

// `native` is what no thread's V8 accounts for: workers and SharedArrayBuffers are no addon's leak.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { finish } = require('../support/programs')

const MB = 1e6

test('a worker\'s heap and Buffers and a SharedArrayBuffer are not native memory', { skip: process.platform !== 'linux' && 'Linux only' }, async () => {
  const [before, worker, shared] = await finish('native', [], { deadline: 60_000 })
  assert.ok(worker.anonymous - before.anonymous > 60 * MB, 'the worker has filled its memory')
  assert.ok(worker.native - before.native < 20 * MB, `native grew by ${worker.native - before.native} with the worker`)
  assert.ok(shared.anonymous - worker.anonymous > 50 * MB, 'the shared buffer is there')
  assert.ok(shared.native - worker.native < 20 * MB, `native grew by ${shared.native - worker.native} with the shared buffer`)
})

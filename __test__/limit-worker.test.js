'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { once } = require('node:events')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { hurried } = require('./forks')
const { isUnfinished, vanishes } = require('./programs')
const { capabilities } = require('..')

const program = path.join(__dirname, 'programs', 'out-of-memory.js')

// Node's own callback at the limit ends the worker alone; ours must not stand before it for good. Node 20 ends the
// process here also without us when a collection overshoots, so its leak is a slow one everywhere.
test('a worker at its limit ends as Node ends it, the process lives, and there is a dump', { skip: !capabilities.whileBlocked.available && 'needs V8\'s own interface' }, async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-limit-worker-'))
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  const worker = new Worker(program, { argv: ['slow', dir], resourceLimits: { maxOldGenerationSizeMb: 40 }, stdout: true })
  const [error] = await once(worker, 'error')
  assert.equal(error.code, 'ERR_WORKER_OUT_OF_MEMORY')
  const [dump] = fs.readdirSync(dir)
  assert.match(dump, /-[1-9]\d*-nearheaplimit-/, 'being written, or written, for a worker')
  // Its child is this process's now: it is done when the temporary name has gone.
  await hurried(vanishes(dir, AbortSignal.timeout(240_000), isUnfinished))
  assert.equal(fs.readdirSync(dir).length, 1)
})

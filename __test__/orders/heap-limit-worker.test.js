'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { once } = require('node:events')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { hurried } = require('../support/forks')
const { tempDir } = require('../support/helpers')
const { finish, isUnfinished, vanishes } = require('../support/programs')
const { capabilities } = require('../..')

const program = path.join(__dirname, '..', 'programs', 'out-of-memory.js')

// Node's own callback at the limit ends the worker alone; ours must not stand before it for good. Node ends the process here
// also without us (24 in 25 of 60 runs, 26 in 11 of 30) when a collection overshoots the 16 MB that it gives a worker to end in. So
// the leak is a slow one, and the young generation, which a collection may move at once, small: then in none of 60.
const resourceLimits = { maxOldGenerationSizeMb: 40, maxYoungGenerationSizeMb: 2 }

test('a worker at its limit ends as Node ends it, the process lives, and there is a dump', { skip: !capabilities.whileBlocked.available && 'needs V8\'s own interface' }, async (t) => {
  const dir = tempDir(t)
  const worker = new Worker(program, { argv: ['slow', dir], resourceLimits, stdout: true })
  const [error] = await once(worker, 'error')
  assert.equal(error.code, 'ERR_WORKER_OUT_OF_MEMORY')
  const [dump] = fs.readdirSync(dir)
  assert.match(dump, /-[1-9]\d*-nearheaplimit-/, 'being written, or written, for a worker')
  // Its child is this process's now: it is done when the temporary name has gone.
  await hurried(vanishes(dir, AbortSignal.timeout(240_000), isUnfinished))
  assert.equal(fs.readdirSync(dir).length, 1)
})

// Without us Node ends the process in one of some runs: what a quick leak allocates until it looks whether it is to end is more than Node gives it.
test('four quick leaks at their limits end as Node ends them, with an image each', { skip: !capabilities.snapshots.image.available && 'needs images' }, async (t) => {
  const dir = tempDir(t)
  assert.deepEqual(await finish('workers-at-limit', [dir]), Array(4).fill({ code: 'ERR_WORKER_OUT_OF_MEMORY' }))
  const images = fs.readdirSync(dir).filter((name) => name.endsWith('.heapimage.zst'))
  assert.equal(images.length, 4, images.join())
})

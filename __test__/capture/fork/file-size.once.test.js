'use strict'

// RLIMIT_FSIZE: what a child whose service has died could not write is said all the same.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { capabilities } = require('../../..')
const { forkTest } = require('../../support/forks')
const { run, tempDir } = require('../../support/helpers')

const program = path.join(__dirname, '..', '..', 'programs', 'out-of-memory.js')

forkTest('a dump that is larger than a file may be: the failure is said when the process is gone', async (t) => {
  if (!capabilities.whileBlocked.available) return t.skip('needs V8\'s own interface')
  const dir = tempDir(t)
  // In kilobytes or halves, as the shell likes: a snapshot has more.
  const command = `ulimit -f 64; exec "$0" --max-old-space-size=40 "${program}" async "${dir}"`
  const { stderr } = await run('sh', ['-c', command, process.execPath])
  assert.match(stderr, /is being written to .* by process \d+/)
  assert.match(stderr, /heapwarden: the snapshot that was being written when its process ended failed: .*[Ff]ile too large/)
  assert.deepEqual(fs.readdirSync(dir), [])
})

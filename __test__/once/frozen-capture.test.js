'use strict'

// A service that is stopped while its child takes a snapshot: its timeout is about time that it had.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { dumpOf, forkTest, over } = require('../forks')
const { tempDir } = require('../helpers')
const { start } = require('../programs')

forkTest('a service that stands still past its timeout publishes what its child has finished meanwhile', async (t) => {
  const dir = tempDir(t)
  const timeout = 4_000
  const host = start('fork-host', [JSON.stringify({ dir, mode: 'fork', timeout, objects: 5_000 })], {
    deadline: 60_000, stdio: ['pipe', 'pipe', 'pipe']
  })
  t.after(() => host.child.kill('SIGKILL'))
  const dump = await dumpOf(host.child.pid, t.signal)
  host.child.kill('SIGSTOP')
  await over(dump, t.signal)
  // Its timeout passes, and more than a busy machine would explain.
  await sleep(timeout + 500)
  host.child.kill('SIGCONT')
  const { info } = await host.line(({ type }) => type === 'snapshot' || type === 'failed')
  assert.ok(info, JSON.stringify(host.lines))
  assert.deepEqual(fs.readdirSync(dir).length, 1)
})

'use strict'

// No descriptor is left (EMFILE): what is unknown is unknown, and what failed for want of one is asked again.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { test } = require('node:test')
const { start } = require('../support/programs')
const { tempDir } = require('../support/helpers')
const { capabilities } = require('../..')

const skip = (process.platform !== 'linux' && 'Linux only') ||
  (spawnSync('prlimit', ['--version']).status !== 0 && 'needs prlimit(1)')
const forks = capabilities.snapshots.fork.available

test('without descriptors rules rest, snapshots are taken as they can be, and all is well afterwards', { skip }, async (t) => {
  const { child, ended } = start('descriptors', [tempDir(t)], { deadline: 120_000 })
  t.after(() => child.kill('SIGKILL'))
  const { status, lines, stderr } = await ended
  assert.equal(status, 0, stderr)
  const said = (wanted) => lines.filter(({ type }) => type === wanted)

  const [{ rss, native, heapUsed }] = said('blind')
  assert.deepEqual([rss, native], [null, null])
  assert.ok(heapUsed > 0, 'V8 is asked without the kernel')
  assert.deepEqual(said('breach').map(({ rule }) => rule), ['above'])
  assert.deepEqual(said('recovered'), [])
  assert.match(said('warning').map(({ message }) => message).join('\n'), /kernel's figures .* unknown now.*open files/)
  assert.ok(said('sees')[0].rss > 0)

  const captures = said('capture')
  assert.equal(captures.at(-1).mode, forks ? 'fork' : 'inline', JSON.stringify(captures))
  // As few as an inline snapshot can do with: its file, its folder, and one to look around with.
  const inline = captures.filter(({ mode }) => mode === 'inline')
  t.diagnostic(JSON.stringify(captures))
  assert.ok(inline.length >= 2, JSON.stringify(captures))
})

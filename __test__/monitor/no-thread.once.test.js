'use strict'

// The system gives no thread (RLIMIT_NPROC): watch() does not throw, it warns and samples on the loop.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const { test } = require('node:test')
const { start } = require('../support/programs')

/** Nobody else's, so that only this program counts against the limit. */
const UID = 64_322
const skip = (process.platform !== 'linux' && 'Linux only') || (process.getuid() !== 0 && 'changes its user, which only root may') ||
  (spawnSync('prlimit', ['--version']).status !== 0 && 'needs prlimit(1)')

test('without a thread to sample on, samples are taken on the loop until there is one', { skip }, async (t) => {
  const { child, line, lines, ended } = start('no-thread', [UID], { stdio: ['pipe', 'pipe', 'pipe'], deadline: 60_000 })
  t.after(() => child.kill('SIGKILL'))
  const { threads } = await line(({ type }) => type === 'ready')
  // The soft limit, as the program's own user: it can be raised again.
  const limit = (count) => execFileSync('prlimit', [`--pid=${child.pid}`, `--nproc=${count}:`], { uid: UID, gid: UID })
  const [, hard] = /^Max processes +\S+ +(\S+)/m.exec(fs.readFileSync(`/proc/${child.pid}/limits`, 'utf8'))
  limit(threads)
  child.stdin.write('go\n')
  const sampled = await line(({ type }) => type === 'sampled')
  assert.equal(sampled.rule, 'always')
  assert.ok(sampled.rss > 0 && sampled.heapAge < 1000, JSON.stringify(sampled))
  const warning = lines.find(({ type }) => type === 'warning')
  assert.equal(warning.code, 'HEAPWARDEN_UNSUPPORTED')
  assert.match(warning.message, /no thread to sample on/)
  limit(hard)
  child.stdin.write('go\n')
  await line(({ type }) => type === 'thread')
  const { status, stderr } = await ended
  assert.equal(status, 0, stderr)
})

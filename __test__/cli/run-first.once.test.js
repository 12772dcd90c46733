'use strict'

// `heapwarden run` as the first process of a container: the kernel ends everything when it ends.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { childrenOf, forkTest, goOn, heldDump, until } = require('../support/forks')
const { root, run, tempDir } = require('../support/helpers')
const { isFinal } = require('../support/programs')

const program = `
  const { takeSnapshot } = require(${JSON.stringify(root)})
  global.kept = Array.from({ length: 10_000 }, (_, i) => ({ i, list: [i] }))
  takeSnapshot({ dir: process.argv[1], mode: 'fork' }).catch(() => {})`

const refused = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status !== 0

forkTest('it waits for a capture that its service has left', { skip: refused && 'needs unshare(1), and the right to use it' }, async (t) => {
  const dir = tempDir(t)
  let first
  const started = new Promise((resolve) => { first = resolve })
  const command = ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, path.join(root, 'bin', 'heapwarden.js'),
    'run', '--log', 'off', '--', process.execPath, '-e', program, dir]
  const ended = run('unshare', command, { onStart: first, env: { HEAPWARDEN_RULES: '' } })
  const container = await started
  t.after(() => container.kill('SIGKILL'))
  const service = await until(t.signal, () => childrenOf(container.pid).flatMap(childrenOf)[0])
  const dump = await heldDump(t, service)
  process.kill(service, 'SIGKILL')
  // Only what `run` says on stderr tells that it has seen the end of its service.
  await new Promise((resolve) => container.stderr.on('data', (text) => { if (/waiting, at most \d+ s/.test(text)) resolve() }))
  goOn(dump)
  const { stderr } = await ended
  assert.equal(stderr.trim().split('\n').length, 1, stderr)
  const files = fs.readdirSync(dir)
  assert.ok(files.length === 1 && isFinal(files[0]), `${files}`)
})

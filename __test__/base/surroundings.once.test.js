'use strict'

// What is not as usual around the program: its timers, its folder, its files.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { node, root, tempDir } = require('../support/helpers')

const register = path.join(root, 'lib', 'register.js')
const cli = path.join(root, 'bin', 'heapwarden.js')

for (const when of ['before', 'after']) {
  test(`timers that a test has replaced ${when} the order: the capture is finished, and the process ends`, async (t) => {
    const dir = tempDir(t)
    const fake = "mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] })"
    const program = `
      const { mock } = require('node:test')
      const heapwarden = require(${JSON.stringify(root)})
      const monitor = heapwarden.watch({ rules: [], snapshots: { dir: ${JSON.stringify(dir)} } })
      ${when === 'before' ? fake : ''}
      const all = Promise.all([monitor.snapshot(), monitor.sample()])
      ${when === 'after' ? fake : ''}
      all.then(() => monitor.stop()).then(() => console.log('done'))`
    const { status, signal, stdout, stderr } = await node(['-e', program], { timeout: 30_000 })
    assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: 'done\n' }, stderr)
    assert.equal(fs.readdirSync(dir).length, 1)
  })
}

test('a configuration file that is none does not keep the program from running', async (t) => {
  const dir = tempDir(t)
  const fifo = path.join(dir, 'heapwarden.config.json')
  execFileSync('mkfifo', [fifo])
  const large = path.join(dir, 'large.json')
  fs.writeFileSync(large, ' '.repeat(2 << 20))
  for (const [file, why] of [[fifo, 'not a regular file'], ['/dev/zero', 'not a regular file'], [large, 'no configuration']]) {
    const { status, stdout, stderr } = await node(['-r', register, '-e', "console.log('runs')"], { cwd: dir, env: { HEAPWARDEN_CONFIG: file }, timeout: 30_000 })
    assert.deepEqual([status, stdout], [0, 'runs\n'])
    assert.match(stderr, new RegExp(`this process is not watched: .*${why}`))
  }
})

test('a current folder that is gone is no configuration, and an error with a code where a path needs it', async (t) => {
  const dir = path.join(tempDir(t), 'gone')
  fs.mkdirSync(dir)
  const within = (program) => node(['-e', `process.chdir(${JSON.stringify(dir)}); require('fs').rmdirSync(${JSON.stringify(dir)}); ${program}`])
  const watched = await within(`console.log(require(${JSON.stringify(register)}).monitor !== null)`)
  assert.deepEqual([watched.stdout, watched.stderr], ['true\n', ''])
  fs.mkdirSync(dir)
  const relative = await within(`try { require(${JSON.stringify(root)}).watch({ snapshots: { dir: 'heaps' } }) } catch ({ code, message }) { console.log(code, message) }`)
  assert.match(relative.stdout, /^HEAPWARDEN_INVALID_OPTION snapshots\.dir: .*absolute path/, relative.stderr)
})

test('what is not known is not shown as nothing, and an empty command is a usage error', async (t) => {
  const dir = tempDir(t)
  await node(['-e', `require(${JSON.stringify(root)}).takeSnapshot({ dir: ${JSON.stringify(dir)}, level: 0 })`])
  const { stdout } = await node([cli, 'ls', dir])
  assert.match(stdout.split('\n')[1], / \? +\d+ /, stdout)
  assert.doesNotMatch(stdout, / 0 ms/)
  const empty = await node([cli, 'run', '--', ''])
  assert.equal(empty.status, 2)
  assert.match(empty.stderr, /COMMAND is empty/)
})

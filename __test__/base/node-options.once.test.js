'use strict'

// Node's options as Node reads them: each is compared with what Node itself makes of the same words.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { optionValue, split } = require('../../lib/base/node-options')
const { node, root, tempDir } = require('../support/helpers')

const DEADLINE_MS = 30_000

test('words, quotes and backslashes', () => {
  for (const [text, words] of [
    ['', []],
    ['  --a   --b=1 ', ['--a', '--b=1']],
    ['--d="/a b" -r "c d"', ['--d=/a b', '-r', 'c d']],
    ['"--d=/a b"', ['--d=/a b']],
    ['--d="a\\"b\\\\c"', ['--d=a"b\\c']],
    ['--d=a\\b', ['--d=a\\b']],
    ['--d="" x', ['--d=', 'x']]
  ]) assert.deepEqual(split(text), words, text)
})

test('the last word of the nearest place wins, with underscores too', () => {
  const value = (NODE_OPTIONS, ...execArgv) => optionValue('--diagnostic-dir', { env: { NODE_OPTIONS }, execArgv })
  assert.equal(value('--diagnostic-dir=/a --diagnostic_dir=/b'), '/b')
  assert.equal(value('--diagnostic-dir=/a', '--diagnostic_dir', '/c'), '/c')
  assert.equal(value('--diagnostic-dir="/a b"'), '/a b')
  assert.equal(value('--diagnostic-dir-else=/a'), undefined)
  assert.equal(optionValue('--v8-pool-size', { env: {}, execArgv: ['--v8_pool_size=2'] }), '2')
})

const program = `console.log(require(${JSON.stringify(path.join(root, 'lib', 'addon', 'native.js'))}).snapshotDir(''))`

test('snapshots go where Node puts its own files', async (t) => {
  const dir = tempDir(t)
  const place = path.join(dir, 'a "b" c')
  fs.mkdirSync(place)
  const quoted = `"${place.replace(/["\\]/g, '\\$&')}"`
  for (const [env, args] of [
    [{ NODE_OPTIONS: `--diagnostic-dir=${quoted}` }, []],
    [{ NODE_OPTIONS: `--diagnostic_dir=${quoted}` }, []],
    [{}, [`--diagnostic_dir=${place}`]]
  ]) {
    const { stdout, stderr } = await node([...args, '--cpu-prof', '-e', program], { cwd: dir, env: { HEAPWARDEN_DIR: '', ...env }, timeout: DEADLINE_MS })
    assert.equal(stdout, `${place}\n`, stderr)
    const profiles = fs.readdirSync(place)
    assert.equal(profiles.length, 1, "Node's own file is there")
    fs.rmSync(path.join(place, profiles[0]))
  }
  assert.deepEqual(fs.readdirSync(dir), ['a "b" c'])
})

test('node.config.json counts where Node was told to read it', async (t) => {
  const dir = tempDir(t)
  fs.writeFileSync(path.join(dir, 'node.config.json'), JSON.stringify({ nodeOptions: { 'diagnostic-dir': '/from-file' } }))
  const read = (...execArgv) => {
    const before = process.cwd()
    process.chdir(dir)
    try {
      return optionValue('--diagnostic-dir', { env: {}, execArgv })
    } finally {
      process.chdir(before)
    }
  }
  assert.equal(read(), undefined)
  assert.equal(read('--experimental-default-config-file'), '/from-file')
  assert.equal(read(`--experimental-config-file=${path.join(dir, 'node.config.json')}`), '/from-file')
  assert.equal(read('--experimental-default-config-file', '--diagnostic-dir=/nearer'), '/nearer')
})

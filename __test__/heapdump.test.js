'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { node, root, tempDir } = require('./support/helpers')

process.env.NODE_HEAPDUMP_OPTIONS = 'nosignal'
const { writeSnapshot } = require('../lib/heapdump')

test('writes plain JSON before it returns, and gives the name back', (t) => {
  const file = path.join(tempDir(t), 'a.heapsnapshot')
  for (const before of [null, 'an older file, which is replaced']) {
    if (before) fs.writeFileSync(file, before)
    assert.equal(writeSnapshot(file), file)
    assert.ok(JSON.parse(fs.readFileSync(file)).snapshot.node_count > 0)
  }
})

test('the callback comes later, with the name or the error', async (t) => {
  const file = path.join(tempDir(t), 'a.heapsnapshot')
  let returned = false
  await new Promise((resolve) => {
    writeSnapshot(file, (error, name) => {
      assert.deepEqual([error, name, returned], [null, file, true])
      resolve()
    })
    returned = true
  })
  const bad = path.join(file, 'below', 'a.heapsnapshot')
  const error = await new Promise((resolve) => {
    assert.equal(writeSnapshot(bad, resolve), false)
  })
  assert.match(error.code, /^HEAPWARDEN_/)
  assert.equal(writeSnapshot(bad), false, 'without a callback it does not throw')
  assert.equal(writeSnapshot(5), false)
})

test('without a name, heapdump-<sec>.<usec>.heapsnapshot in the working directory', async (t) => {
  const dir = tempDir(t)
  const program = `
    const { writeSnapshot } = require(${JSON.stringify(path.join(root, 'lib/heapdump'))})
    const name = writeSnapshot((error, given) => console.log(JSON.stringify([error, name, given])))`
  const { stdout, stderr } = await node(['-e', program], { cwd: dir })
  const [error, name, given] = JSON.parse(stdout || stderr)
  assert.equal(error, null)
  assert.match(name, /^heapdump-\d{10}\.\d{1,6}\.heapsnapshot$/)
  assert.equal(given, name)
  assert.deepEqual(fs.readdirSync(dir), [name])
})

test('SIGUSR2 writes one, unless told not to listen', { skip: process.platform === 'win32' }, async (t) => {
  const program = `
    require(${JSON.stringify(path.join(root, 'lib/heapdump'))})
    if (process.listenerCount('SIGUSR2') > 0) process.kill(process.pid, 'SIGUSR2')
    const look = () => {
      const found = require('node:fs').readdirSync('.').filter((name) => name.endsWith('.heapsnapshot'))
      if (process.listenerCount('SIGUSR2') === 0 || found.length > 0) console.log(found.length)
      else setTimeout(look, 20)
    }
    look()`
  for (const [env, expected] of [[{ NODE_HEAPDUMP_OPTIONS: '' }, '1\n'], [{ NODE_HEAPDUMP_OPTIONS: 'nofork, nosignal' }, '0\n']]) {
    const { stdout, stderr } = await node(['-e', program], { cwd: tempDir(t), env })
    assert.equal(stdout, expected, stderr)
  }
})

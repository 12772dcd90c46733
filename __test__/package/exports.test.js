'use strict'

// The package under its own name, as an application sees it.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const names = [
  'HeapwardenError', 'Monitor', 'ask', 'capabilities', 'compare', 'findPaths', 'findSuspects', 'openSnapshot', 'summarize', 'takeSnapshot', 'thaw', 'watch'
]

test('require and import give the same things', async () => {
  const required = require('heapwarden')
  const imported = await import('heapwarden')
  assert.deepEqual(Object.keys(required).sort(), names)
  assert.deepEqual(Object.keys(imported).sort(), [...names, 'default'].sort())
  assert.equal(imported.default, required)
  for (const name of names) assert.equal(imported[name], required[name], name)
})

test('sub-paths, both ways', async () => {
  process.env.NODE_HEAPDUMP_OPTIONS = 'nosignal'
  process.env.HEAPWARDEN_ENABLED = '0'
  for (const [sub, name] of [['middleware', 'middleware'], ['heapdump', 'writeSnapshot'], ['register', 'monitor']]) {
    const required = require(`heapwarden/${sub}`)
    const imported = await import(`heapwarden/${sub}`)
    assert.ok(name in required, sub)
    assert.equal(imported.default, required)
    assert.equal(imported[name], required[name])
  }
  assert.equal(require('heapwarden/middleware'), require('heapwarden/middleware').middleware)
  assert.equal(require('heapwarden/package.json').name, 'heapwarden')
  assert.throws(() => require('heapwarden/lib/addon/native'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' })
})

test('capabilities are read once and cannot be changed', () => {
  const { capabilities } = require('heapwarden')
  assert.equal(require('heapwarden').capabilities, capabilities)
  assert.ok(Object.isFrozen(capabilities))
})

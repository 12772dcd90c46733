'use strict'

// Why the binary was not loaded is said as it is, with what to do.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { node, root, tempDir } = require('../support/helpers')

test('--permission without --allow-addons', async () => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
  const { stderr } = await node([flag, '--allow-fs-read=*', '-e', `require(${JSON.stringify(root)})`])
  assert.match(stderr, /HEAPWARDEN_UNSUPPORTED/)
  assert.match(stderr, /start it with --allow-addons/)
  assert.doesNotMatch(stderr, /Rust|no binary/)
})

test('code that a bundler took away from its binary', async (t) => {
  // As a bundler leaves it: our code in a folder of the project's, with the project's package.json above.
  const dist = path.join(tempDir(t), 'dist')
  fs.cpSync(path.join(root, 'lib'), path.join(dist, 'lib'), { recursive: true })
  fs.copyFileSync(path.join(root, 'index.js'), path.join(dist, 'index.js'))
  fs.writeFileSync(path.join(dist, 'package.json'), '{"name":"service","version":"1.0.0"}')
  const { stderr } = await node(['-e', `require(${JSON.stringify(dist)})`])
  assert.match(stderr, /HEAPWARDEN_UNSUPPORTED/)
  assert.match(stderr, /mark heapwarden as external/)
  assert.doesNotMatch(stderr, /Rust/)
})

test('an ES module that a bundler made of it, which has no folder of its own', async (t) => {
  // As rollup and webpack leave it: CommonJS in a function, without __dirname and with the require of the module.
  const file = path.join(tempDir(t), 'service.mjs')
  const lib = path.join(root, 'lib', 'addon', 'native.js')
  fs.writeFileSync(file, `import { createRequire } from 'node:module'
    const require = createRequire(${JSON.stringify(lib)})
    const module = { exports: {} }
    ;(function () {${fs.readFileSync(lib, 'utf8')}}).call(module.exports)
    console.log(JSON.parse(module.exports.capabilities()).v8.available)`)
  const { status, stdout, stderr } = await node([file])
  assert.deepEqual([status, stdout], [0, 'false\n'], stderr)
  assert.match(stderr, /HEAPWARDEN_UNSUPPORTED.*mark heapwarden as external, with its sub-paths/)
})

test('a bundle whose maker has carried the binary along finds it one folder up', async (t) => {
  const outside = tempDir(t)
  const app = path.join(outside, 'app')
  const file = path.join(app, 'dist', 'service.js')
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.symlinkSync(path.join(root, 'native'), path.join(app, 'native'))
  // Where npm puts it, seen from lib/addon: from a bundle that is outside the application, whose code is not to be run.
  fs.mkdirSync(path.join(outside, 'native'))
  const lib = path.join(root, 'lib', 'addon', 'native.js')
  fs.writeFileSync(file, `const ours = require('node:module').createRequire(${JSON.stringify(lib)})
    const bundled = { exports: {} }
    ;(function (require, module) {${fs.readFileSync(lib, 'utf8')}}).call(bundled.exports, ours, bundled)
    console.log(JSON.parse(bundled.exports.capabilities()).v8.available)`)
  const { status, stdout, stderr } = await node([file])
  assert.deepEqual([status, stdout, stderr], [0, 'true\n', ''])
})

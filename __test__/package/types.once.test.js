'use strict'

// Every way in which TypeScript looks for the types of a package finds those of the sub-paths.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const ts = require('@tsd/typescript')
const { watch, HeapwardenError } = require('../..')
const { root, tempDir } = require('../support/helpers')

const { ModuleKind, ModuleResolutionKind } = ts
const ways = [
  ['node10', { module: ModuleKind.CommonJS, moduleResolution: ModuleResolutionKind.Node10 }],
  ['node16', { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 }],
  ['bundler', { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler }]
]

const { exports: entries } = require('../../package.json')
const names = Object.keys(entries).filter((one) => !one.endsWith('.json')).map((one) => `heapwarden${one.slice(1)}`)

for (const [name, how] of ways) {
  test(`types are found with moduleResolution ${name}`, (t) => {
    const dir = tempDir(t)
    fs.mkdirSync(path.join(dir, 'node_modules'))
    fs.symlinkSync(root, path.join(dir, 'node_modules', 'heapwarden'))
    const from = path.join(dir, 'main.ts')
    for (const one of names) {
      const { resolvedModule } = ts.resolveModuleName(one, from, how, ts.sys)
      assert.ok(resolvedModule, `${one} is not found`)
      assert.match(resolvedModule.resolvedFileName, /\.d\.m?ts$/, one)
    }
  })
}

test("do: ['profile'] is refused until there are profiles, and what is accepted is said", () => {
  assert.throws(() => watch({ rules: [{ name: 'a', metric: 'rss', above: '1GB', do: ['profile'] }] }), (error) => {
    assert.ok(error instanceof HeapwardenError)
    assert.equal(error.code, 'HEAPWARDEN_INVALID_OPTION')
    assert.match(error.message, /rules\[0\]\.do\[0\].*'profile'.*'snapshot'/)
    return true
  })
})

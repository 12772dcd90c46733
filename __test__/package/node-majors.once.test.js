'use strict'

// One list of Node's majors, scripts/node-majors.json. What can not be derived from it says the same.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { tested, 'Debian 12': debian } = require('../../scripts/node-majors.json')
const { root } = require('../support/helpers')

const majors = Object.keys(tested).map(Number)
const oldest = Math.min(...majors)
const text = (file) => fs.readFileSync(path.join(root, file), 'utf8')

test('the versions of V8 are those that the addon takes for verified', () => {
  const [, list] = /VERIFIED_MAJORS: \[u32; \d+\] = \[([\d, ]+)\]/.exec(text('src/v8/symbols.rs'))
  assert.deepEqual(list.split(',').map(Number), [...Object.values(debian), ...Object.values(tested)])
})

const [node, v8] = [process.versions.node, process.versions.v8].map((version) => Number(version.split('.')[0]))

test('the V8 of this Node is the one that is listed with it', { skip: !(node in tested) && `Node ${node} is not listed` }, () => {
  assert.equal(v8, tested[node])
})

test('the manifests ask for the oldest or newer', () => {
  for (const file of ['package.json', 'examples/express/package.json']) assert.equal(JSON.parse(text(file)).engines.node, `>=${oldest}`, file)
  // Types of a newer one would let code through that the oldest does not run.
  assert.match(JSON.parse(text('package.json')).devDependencies['@types/node'], new RegExp(`^\\^${oldest}\\.`))
  assert.match(text('.ci/run'), new RegExp(`-lt ${oldest} `))
})

test('the README and the docs name them', () => {
  assert.match(text('README.md'), new RegExp(`Node ${majors.slice(0, -1).join(', ')} and ${majors.at(-1)} on Linux`))
  for (const file of ['README.md', 'docs/getting-started.md']) assert.match(text(file), new RegExp(`Node ${oldest} or newer`), file)
})

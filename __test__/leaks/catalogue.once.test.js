'use strict'

// The catalogue of known leaks is data: what is wrong in it is found here, and not by the user whose leak it should have named. That each entry
// is found in real heaps is the truth table's to say.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { rows } = require('./collect')

const root = path.join(__dirname, '..', '..')
const catalogue = JSON.parse(fs.readFileSync(path.join(root, 'src/heap/suspects/catalogue.json'), 'utf8'))

const KINDS = [
  'collection', 'listeners', 'timers', 'closure', 'promises', 'buffers', 'strings', 'modules', 'requests', 'async-context', 'context', 'worker',
  'native', 'weak', 'errors', 'object'
]
const FIELDS = { id: 'string', name: 'string', package: 'string', versions: 'string', url: 'string', match: 'object', explanation: 'string', cure: 'string' }
const VERSION = String.raw`(?:[<>]=?) \d+\.\d+\.\d+`
/** `all`, or ranges as npm has them. */
const VERSIONS = new RegExp(`^(?:all|${VERSION}(?: ${VERSION})?(?: \\|\\| ${VERSION}(?: ${VERSION})?)*)$`)
/** A way may have few names that only one package uses: these are everybody's. */
const COMMON = new Set(['edge:cache', 'edge:data', 'edge:stack', 'edge:observers', 'edge:collection', 'edge:_events', 'edge:error', 'edge:handlers', 'edge:children'])

test('each entry has its fields, and only these', () => {
  for (const entry of catalogue) {
    assert.deepEqual(Object.keys(entry).sort(), Object.keys(FIELDS).sort(), entry.id)
    for (const [field, type] of Object.entries(FIELDS)) assert.equal(typeof entry[field], type, `${entry.id}: ${field}`)
    assert.match(entry.id, /^[a-z0-9]+(-[a-z0-9]+)*$/)
    assert.match(entry.url, /^https:\/\/[^\s)|]+$/, entry.id)
    assert.match(entry.versions, VERSIONS, entry.id)
    for (const text of [entry.explanation, entry.cure]) assert.match(text, /^\S.*\.$/, entry.id)
  }
})

test('ids are unique, fifteen at least are told, of Node and of packages', () => {
  assert.equal(new Set(catalogue.map(({ id }) => id)).size, catalogue.length)
  const told = new Set(catalogue.map(({ package: name, url }) => `${name} ${url}`))
  assert.ok(told.size >= 15, `${told.size}`)
  for (const whose of [(name) => name === 'node', (name) => name !== 'node']) {
    assert.ok(catalogue.filter((entry) => whose(entry.package)).length >= 5)
  }
})

test('what an entry is matched by is well formed, and not what any program has', () => {
  for (const { id, match } of catalogue.flatMap(({ id, match }) => [match].flat().map((one) => ({ id, match: one })))) {
    for (const sign of Object.keys(match)) assert.ok(['kinds', 'path', 'entry', 'script'].includes(sign), `${id}: ${sign}`)
    for (const list of Object.values(match)) assert.ok(Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === 'string'), id)
    for (const kind of match.kinds ?? []) assert.ok(KINDS.includes(kind), `${id}: ${kind}`)
    for (const step of match.path) assert.match(step, /^(class|edge|function):.|^property:[^.]+\../, id)
    for (const script of match.script ?? []) assert.match(script, /^(node:[a-z0-9_/]+|[@a-z].*\/.*\.[cm]?js)$/, id)
    const own = match.path.filter((step) => !COMMON.has(step))
    assert.ok(own.length > 0 || match.script, `${id} fits programs that do not use it`)
  }
})

test('a row of the truth table that has to be recognised names an entry; a package in the table is its package', () => {
  const byId = new Map(catalogue.map((entry) => [entry.id, entry]))
  const known = rows().filter((row) => row.known)
  assert.ok(known.length >= 15, `${known.length}`)
  for (const row of known) {
    const entry = byId.get(row.known)
    assert.ok(entry, `${row.name}: there is no ${row.known}`)
    if (entry.package !== 'node') assert.ok(entry.package in row.packages, `${row.name} does not use ${entry.package}`)
  }
})

test('docs/known-leaks.md says of each entry what the catalogue says', () => {
  const docs = fs.readFileSync(path.join(root, 'docs/known-leaks.md'), 'utf8')
  const told = docs.split('\n').filter((line) => line.startsWith('| ['))
  const cell = (text) => text.replaceAll('|', '\\|')
  const expected = catalogue.map((entry) => {
    const where = entry.package === 'node' ? 'Node.js' : `\`${entry.package}\``
    return `| [${cell(entry.name)}](${entry.url})<br>\`${entry.id}\` | ${where} ${cell(entry.versions)} | ${cell(entry.explanation)} | ${cell(entry.cure)} |`
  })
  assert.deepEqual(told, expected)
})

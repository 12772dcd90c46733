'use strict'

// The documents name what there is: links lead somewhere, and the tables are those of the code.

const assert = require('node:assert/strict')
const { existsSync, readFileSync, readdirSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { test } = require('node:test')
const { codes } = require('../../lib/base/errors')
const { table: routes } = require('../../lib/http/routes')
const { actionNames } = require('../../lib/options/actions')
const { metrics } = require('../../lib/options/rules')
const { settings, switches } = require('../../lib/options/variables')
const { watch } = require('../..')

const root = join(__dirname, '..', '..')
const read = (file) => readFileSync(join(root, file), 'utf8')
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/express/README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]

/** What stands in backquotes in the first column of a document's tables. */
function firstColumn (text) {
  return [...text.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
}

/** GitHub's anchor of a heading. */
const anchor = (heading) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-')

for (const file of documents) {
  test(`${file}: its links lead somewhere`, () => {
    for (const [, link] of read(file).matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(link)) continue
      const [path, fragment] = link.split('#')
      const target = path === '' ? join(root, file) : join(root, dirname(file), path)
      assert.ok(existsSync(target), `${link} does not exist`)
      if (fragment === undefined) continue
      const anchors = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading))
      assert.ok(anchors.includes(fragment), `${link}: there is no such heading`)
    }
  })
}

test('each command of npm that a document names exists', () => {
  const { scripts } = require('../../package.json')
  for (const file of documents) {
    for (const [, name] of read(file).matchAll(/npm run ([a-z][\w:-]*)/g)) assert.ok(Object.hasOwn(scripts, name), `${file}: npm run ${name}`)
  }
})

test('each test that a comment or a document names by its file exists', () => {
  const files = ['src', 'lib', '__test__', 'tests', 'scripts', 'benches', 'docs', 'fuzz/fuzz_targets']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => `${folder}/${file}`))
    .filter((file) => /\.(rs|js|md|c)$/.test(file) && !file.includes('node_modules'))
  for (const file of ['CONTRIBUTING.md', ...files]) {
    for (const [name] of read(file).matchAll(/(?<![\w/*.-])[\w./-]*[\w-](\.once)?\.test\.js/g)) {
      if (/NAME|^\.\./.test(name)) continue
      assert.ok(files.some((one) => `/${one}`.endsWith(`/${name}`)), `${file}: there is no ${name}`)
    }
  }
})

test('docs/watching.md has every metric, and no other', () => {
  const [, section] = read('docs/watching.md').split('## Metrics')
  const table = section.split('## Samples')[0]
  assert.deepEqual(firstColumn(table).sort(), [...metrics.keys()].sort())
})

test('docs/errors.md has every code, and no other', () => {
  assert.deepEqual(firstColumn(read('docs/errors.md')).sort(), [...codes].sort())
})

/** Codes that only JavaScript raises: both in the middleware. */
const ONLY_HERE = ['HEAPWARDEN_INTERNAL', 'HEAPWARDEN_UNAUTHORIZED']

test('src/error.rs and index.d.ts have the codes of lib/base/errors.js', () => {
  const rust = read('src/error.rs').split('#[cfg(test)]')[0]
  const [, code, back] = /pub fn code([^]*?)pub fn from_code([^]*)$/.exec(rust)
  const told = [...code.matchAll(/=> "(HEAPWARDEN_\w+)"/g)].map(([, name]) => name)
  assert.deepEqual([...told, ...ONLY_HERE].sort(), [...codes].sort())
  const understood = [...back.matchAll(/"(HEAPWARDEN_\w+)" =>/g)].map(([, name]) => name)
  // What is none of them is a failed capture.
  assert.deepEqual([...understood, 'HEAPWARDEN_CAPTURE_FAILED'].sort(), told.sort())
  const typed = [...read('index.d.ts').matchAll(/^ {2}\| '(HEAPWARDEN_\w+)'/gm)].map(([, name]) => name)
  assert.deepEqual(typed.sort(), [...codes].sort())
})

test('there is one list of actions', () => {
  const [, variants] = /pub enum Action \{([^}]*)\}/.exec(read('src/watch/rule.rs'))
  assert.deepEqual([...variants.matchAll(/^ +(\w+),$/gm)].map(([, name]) => name.toLowerCase()), actionNames, 'Action of src/watch/rule.rs, and the addon that is built')
  const [, typed] = /type Action = (.*)/.exec(read('index.d.ts'))
  assert.deepEqual([...typed.matchAll(/'(\w+)'/g)].map(([, name]) => name), actionNames, 'type Action of index.d.ts')
  const rule = `[do ${actionNames.join('|')}|nothing]`
  assert.ok(read('docs/register.md').includes(rule), `docs/register.md has no ${rule}`)
})

test('docs/middleware.md has every status, and no other', () => {
  const files = ['lib/middleware.js', ...readdirSync(join(root, 'lib/http')).map((name) => `lib/http/${name}`)]
  // Without what only people read; every number of three digits that is left is a status.
  const code = files.map((file) => read(file).replace(/\/\*[^]*?\*\/|\/\/ .*$/gm, '').replace(/'[^'\n]*'/g, '')).join('\n')
  const answered = new Set([...code.matchAll(/(?<![\w.])[2-5]\d\d(?![\w.])/g)].map(([status]) => status))
  const [, table] = read('docs/middleware.md').split('| status | |')
  const told = [...table.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, cell]) => cell.split(', '))
  assert.deepEqual(told, [...answered].sort())
})

test('docs/middleware.md has every route, in the words of the table, and no other', () => {
  const [, rows] = read('docs/middleware.md').split('| route | answer |')
  const told = [...rows.split('\n\n')[0].matchAll(/^\| `([A-Z]+ [^?`]+)(\?[^`]+)?` \| (.*) \|$/gm)].map(([, route, query, text]) => ({ route, query, text }))
  assert.deepEqual(told.filter(({ query }) => query === undefined).map(({ route }) => route), routes.map(([method, path]) => `${method} ${path.replace(':name', 'NAME')}`))
  for (const [method, path, words] of routes) {
    const row = told.find(({ route }) => route === `${method} ${path.replace(':name', 'NAME')}`)
    assert.ok(row.text.startsWith(words), `${row.route}: ${words}`)
  }
})

test('docs/register.md has no variable that does not exist', () => {
  const known = [...settings, ...switches].map(({ env }) => env)
  const named = firstColumn(read('docs/register.md'))
  assert.ok(named.length > 10)
  for (const name of named) assert.ok(known.includes(name), name)
})

test('every rule in the README\'s table is one', async () => {
  const rules = [...read('README.md').matchAll(/\| `(\w+)` above `'([^']+)'`(?: for `'([^']+)'`)? \|/g)]
  assert.ok(rules.length >= 6)
  for (const [, metric, above, held] of rules) {
    await watch({ rules: [{ name: metric, metric, above, for: held }] }).stop()
  }
})

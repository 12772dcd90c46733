'use strict'

// The tables of options are what the types and the documents say: each option with its kind, its default, its variable, and none besides.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const ts = require('@tsd/typescript')
const analysis = require('../../lib/analysis/options')
const { middleware } = require('../../lib/http/options')
const { kindsOf } = require('../../lib/options/kinds')
const { metrics, ruleFields } = require('../../lib/options/rules')
const schema = require('../../lib/options/schema')
const { settings, switches } = require('../../lib/options/variables')
const { root } = require('../support/helpers')
const { watch } = require('../..')

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8')
const inOneLine = (text) => text.replace(/\s+/g, ' ')

/** The members of an interface as the tables say it: `name?` → type. */
function membersOf (file, name) {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true)
  let found
  const look = (node) => {
    if (ts.isInterfaceDeclaration(node) && node.name.text === name) found = node
    else ts.forEachChild(node, look)
  }
  look(source)
  assert.ok(found, `${file}: there is no interface ${name}`)
  return Object.fromEntries(found.members.map((member) => {
    const type = inOneLine(member.type.getText(source))
    const parameters = ts.isMethodSignature(member) ? `(${member.parameters.map((one) => inOneLine(one.getText(source))).join(', ')}) => ` : ''
    return [`${member.name.text}${member.questionToken ? '?' : ''}`, parameters + type]
  }))
}

const typesOf = (kinds, required = []) => Object.fromEntries(Object.entries(kinds).map(([name, { type }]) => [required.includes(name) ? name : `${name}?`, type]))
const { signal } = schema.snapshot

for (const [name, kinds, file = 'index.d.ts', required] of [
  ['WatchOptions', kindsOf(schema.watch)],
  ['WatchSnapshotOptions', kindsOf(schema.snapshots)],
  ['SnapshotOptions', kindsOf({ signal })],
  ['Rule', ruleFields, 'index.d.ts', ['name', 'metric']],
  ['AnalysisOptions', kindsOf(analysis.common)],
  ['SummarizeOptions', kindsOf(analysis.own.summarize)],
  ['CompareOptions', kindsOf(analysis.own.compare)],
  ['FindPathsOptions', kindsOf(analysis.own.findPaths)],
  ['FindSuspectsOptions', kindsOf(analysis.own.findSuspects)],
  ['MiddlewareOptions', middleware, 'lib/middleware.d.ts']
]) {
  test(`${file}: ${name} has every option with its kind, and no other`, () => {
    assert.deepEqual(membersOf(file, name), typesOf(kinds, required))
  })
}

test('index.d.ts: Metric has every metric, BytesMetric those in bytes', () => {
  const names = (alias) => [...new RegExp(`^export type ${alias} = ([^]*?)\\n(?!  )`, 'm').exec(read('index.d.ts'))[1].matchAll(/'(\w+)'/g)].map(([, name]) => name)
  const inBytes = [...metrics].filter(([, kind]) => kind === 'bytes').map(([name]) => name)
  assert.deepEqual(names('BytesMetric').sort(), inBytes.sort())
  assert.deepEqual([...names('Metric'), ...inBytes].sort(), [...metrics.keys()].sort())
})

test('index.d.ts: Sample has every field of a sample, and no other', async (t) => {
  const monitor = watch({ rules: [] })
  t.after(() => monitor.stop())
  assert.deepEqual(Object.keys(membersOf('index.d.ts', 'Sample')).sort(), Object.keys(await monitor.sample()).sort())
})

/** The rows below the first table head in `file` that begins with `| FIRST |`, as cells; the first one without backquotes. */
function tableIn (file, first) {
  const [, rows] = new RegExp(`^\\| ${first} \\|[^]*?\\n((?:\\|.*\\n)+)`, 'm').exec(read(file)) ?? []
  assert.ok(rows, `${file}: there is no table with '${first}' at its head`)
  return rows.trim().split('\n').filter((row) => !/^\|[-|]+$/.test(row)).map((row) => {
    const [name, ...cells] = row.split('|').slice(1, -1).map((cell) => cell.trim())
    return [/^`([^`:]+)/.exec(name)?.[1], ...cells]
  })
}

/** A default as the tables write it; undefined: it has none, or too long a one. */
function written ({ default: value, fields }) {
  if (fields && value === undefined) value = Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, one.default]))
  if (value === undefined || Array.isArray(value)) return undefined
  if (typeof value !== 'object') return typeof value === 'string' ? `'${value}'` : String(value)
  const inside = Object.entries(value).map(([name, one]) => `${name}: ${written({ default: one })}`).join(', ')
  return inside === '' ? '{}' : `{ ${inside} }`
}

for (const [file, table, column] of [
  ['docs/watching.md', schema.watch, 1],
  ['docs/snapshots.md', schema.snapshot, 1],
  ['docs/analysis.md', { ...analysis.common, ...analysis.own.summarize, ...analysis.own.compare, ...analysis.own.findPaths, top: analysis.own.summarize.top }, 2]
]) {
  test(`${file} has every option with its default, and no other`, () => {
    const rows = tableIn(file, 'option')
    assert.deepEqual(rows.map(([name]) => name).sort(), Object.keys(table).filter((name) => !table[name].reserved).sort())
    for (const [name, ...cells] of rows) {
      const value = written(table[name])
      if (value !== undefined) assert.ok(cells[column - 1].replaceAll('`', '').startsWith(value), `${name}: ${value} is its default, not ${cells[column - 1]}`)
      const { flag } = table[name]
      if (column === 2 && flag) assert.equal(cells[0], `\`${flag}\``, name)
    }
  })
}

test('docs/middleware.md has every option, and no other', () => {
  assert.deepEqual(tableIn('docs/middleware.md', 'option').map(([name]) => name).sort(), Object.keys(middleware).sort())
})

/** What the table of variables says of a value, where it is not the form in small letters. */
const CELLS = { MODE: '`auto`, `fork`, `inline`', FORM: '`auto`, `snapshot`, `image`', LEVEL: '0…19', 'SIZE|auto': 'size, `auto`', 'text|json|off': '`text`, `json`, `off`' }

test('docs/register.md has every variable with what it takes and its default, and no other', () => {
  const rows = tableIn('docs/register.md', 'variable')
  const reserved = Object.entries(schema.watch).filter(([, option]) => option.reserved).map(([name]) => name)
  const told = [...switches, ...settings].filter(({ option }) => !reserved.includes(option?.[0]))
  assert.deepEqual(rows.map(([name]) => name).sort(), told.map(({ env }) => env).sort())
  for (const [name, cell, text] of rows) {
    const { form, default: value } = told.find(({ env }) => env === name)
    assert.equal(cell, CELLS[form] ?? form.toLowerCase(), name)
    // Where it says a default, that is it.
    if (/\(`[^`]+`/.test(text) && value !== undefined) assert.ok(text.includes(`(\`${value}\``), `${name}: ${value} is its default`)
  }
})

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { summarize, takeSnapshot } = require('../..')
const { filter, parse, print } = require('../../lib/analysis/filter')
const { line } = require('../../lib/cli/progress')
const { cut, signed, table, widthOf } = require('../../lib/cli/table')
const { printable } = require('../../lib/base/printable')
const { heapwarden, usedWrongly } = require('../support/cli')
const { root, tempDir } = require('../support/helpers')
const { ownSnapshot } = require('../support/own-snapshot')

class ShownMarker {}
globalThis.shownMarkers = Array.from({ length: 500 }, () => new ShownMarker())

let dir
let file
let plain
before(async () => { ({ dir, file, plain } = await ownSnapshot()) })
after(() => fs.rmSync(dir, { recursive: true, force: true }))

for (const command of ['summary', 'diff', 'paths']) {
  test(`${command} --help`, async () => {
    const { status, stdout } = await heapwarden([command, '--help'])
    assert.equal(status, 0)
    assert.match(stdout, new RegExp(`^usage: heapwarden ${command} `))
    for (const flag of ['--top', '--max-memory', '--salvage', '--wide', '--json']) assert.ok(stdout.includes(`  ${flag}`), flag)
  })
}

usedWrongly([
  [['summary'], /which FILE\?/],
  [['summary', 'a', 'b'], /too many arguments: b/],
  [['summary', 'a', '--top', 'many'], /--top is a number/],
  [['summary', 'a', '--top', '0'], /top: 0 was given/],
  [['summary', 'a', '--class', '/(/'], /--class: Invalid regular expression/],
  [['summary', 'a', '--max-memory', 'much'], /--max-memory: 'much' was given/],
  [['summary', 'a', '--clas', 'x'], /did you mean '--class'\?/],
  [['diff', 'a'], /compared with which AFTER\?/],
  [['diff', '-', '-'], /once only/],
  [['diff', 'a', 'b', '--ids', 'maybe'], /--ids is auto, true or false/],
  [['paths', 'a'], /either --class NAME or --id N/],
  [['paths', 'a', '--class', 'b', '--id', '3'], /either --class NAME or --id N/],
  [['paths', 'a', '--id', 'x'], /--id is a number/]
])

test('summary: a table for eyes, everything as JSON', async () => {
  const { status, stdout, stderr } = await heapwarden(['summary', file, '--top', '7'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /MB in [\d,]+ nodes and [\d,]+ edges\n/)
  assert.match(stdout, /\nCLASS +COUNT +SHALLOW +RETAINED +DISTANCE\n/)
  assert.match(stdout, /\nLargest objects\n +ID +OBJECT/)
  assert.match(stdout, /\nDuplicate strings\nTEXT/)
  assert.equal(stdout.split('\n\n')[1].split('\n').length, 1 + 7 + 1)
  const json = await heapwarden(['summary', file, '--top', '7', '--json'])
  assert.deepEqual(JSON.parse(json.stdout), await summarize(file, { top: 7 }))
})

test('summary of a class, by name and by pattern', async () => {
  for (const filter of ['ShownMarker', '/^shown(?=marker)/i']) {
    const { stdout } = await heapwarden(['summary', path.relative(root, dir), '--class', filter], { cwd: root })
    assert.match(stdout, /\nShownMarker +500 /)
    assert.doesNotMatch(stdout, /\nFunction|\(string\)/)
  }
  const { status, stdout } = await heapwarden(['summary', file, '--class', 'NoSuchClass'])
  assert.equal(status, 0)
  assert.match(stdout, /there is no such class/)
})

test('a snapshot comes through a pipe, compressed or plain', async () => {
  const { path: _, ...expected } = await summarize(file)
  for (const stdin of [file, plain]) {
    const { status, stdout, stderr } = await heapwarden(['summary', '-', '--json'], { stdin })
    assert.equal(status, 0, stderr)
    const { path: name, ...result } = JSON.parse(stdout)
    assert.equal(name, null)
    assert.deepEqual(result, expected)
  }
})

test('failures are 1, told in a line or as JSON', async (t) => {
  const damaged = path.join(tempDir(t), 'cut.heapsnapshot.zst')
  const bytes = fs.readFileSync(file)
  fs.writeFileSync(damaged, bytes.subarray(0, bytes.length - 1))
  const told = await heapwarden(['summary', damaged])
  assert.deepEqual([told.status, told.stdout], [1, ''])
  assert.match(told.stderr, new RegExp(`^heapwarden: .*cut\\.heapsnapshot\\.zst.* at byte ${bytes.length - 1}[^\n]*\n$`))
  const json = await heapwarden(['summary', '-', '--json'], { stdin: damaged })
  assert.equal(json.status, 1)
  assert.equal(JSON.parse(json.stderr).code, 'HEAPWARDEN_CORRUPT_SNAPSHOT')
  const salvaged = await heapwarden(['summary', damaged, '--salvage'])
  assert.equal(salvaged.status, 0, salvaged.stderr)
  assert.match(salvaged.stdout, /\nINCOMPLETE: .*byte/)
  const budget = await heapwarden(['summary', file, '--max-memory', '1MB', '--json'])
  assert.deepEqual([budget.status, JSON.parse(budget.stderr).code], [1, 'HEAPWARDEN_MEMORY_BUDGET'])
})

test('diff: what has changed, and of three what grows', async () => {
  const { status, stdout } = await heapwarden(['diff', file, '-', '--ids', 'false'], { stdin: plain })
  assert.equal(status, 0)
  assert.match(stdout, /before, .* after: 0\nCompared by class totals: ids: false was given\n\nno class has changed\n$/)
  globalThis.shownMarkers.push(...Array.from({ length: 100 }, () => new ShownMarker()))
  const { path: second } = await takeSnapshot({ dir })
  const changed = await heapwarden(['diff', file, second, '--class', 'ShownMarker'])
  assert.match(changed.stdout, /\nCLASS +NEW +GONE +DELTA +ALLOCATED +FREED +SIZE DELTA\nShownMarker +100 +0 +\+100 +[\d.]+ k?B +0 B +\+/)
  const json = JSON.parse((await heapwarden(['diff', file, second, '--json', '--top', '3'])).stdout)
  assert.deepEqual([json.comparableIds, json.classes.length], [false, 3])
  const three = await heapwarden(['diff', file, second, second])
  assert.match(three.stdout, /\nGROWS +CLASS +COUNT 1 +COUNT 2 +COUNT 3 +SHALLOW +RETAINED\n/)
})

test('paths: ways as a developer writes them', async () => {
  const { status, stdout } = await heapwarden(['paths', file, '--class', 'ShownMarker'])
  assert.equal(status, 0)
  assert.match(stdout, /^\d+ of ShownMarker, together they retain [\d.]+ k?B\n {2}.*shownMarkers/)
  const [{ target, count }] = JSON.parse((await heapwarden(['paths', file, '--class', 'ShownMarker', '--json'])).stdout)
  assert.ok(count > 400)
  const one = await heapwarden(['paths', file, '--id', `@${target.id}`, '--top', '1'])
  assert.match(one.stdout, new RegExp(`^@${target.id} ShownMarker, retains`))
  const none = await heapwarden(['paths', file, '--class', 'NoSuchClass', '--json'])
  assert.deepEqual([none.status, JSON.parse(none.stderr).code], [1, 'HEAPWARDEN_NOT_FOUND'])
})

test('tables: numbers to the right, and no wider than the terminal', () => {
  const columns = [{ head: 'NAME', text: true }, { head: 'N' }, { head: 'WHAT', text: true }]
  const rows = [['a'.repeat(30), '1', 'b'.repeat(20)], ['日本', '12,345', 'c']]
  assert.equal(table(columns, rows), [
    `NAME                                 N  WHAT`,
    `${'a'.repeat(30)}       1  ${'b'.repeat(20)}`,
    `日本${' '.repeat(26)}  12,345  c`
  ].join('\n'))
  assert.ok(table(columns, rows, 40).split('\n').every((one) => one.length <= 40))
  assert.match(table(columns, rows, 40), /^a+…  /m)
  assert.ok(table(columns, rows, 5).includes('a'.repeat(11) + '…'), 'something stays to be read')
})

test('tables that are not on a terminal: a long text is cut, unless all is wanted', () => {
  const columns = [{ head: 'TEXT', text: true }, { head: 'N' }]
  const rows = [['x'.repeat(800), '1'], ['y', '22']]
  const [head, long, short] = table(columns, rows, widthOf({ isTTY: false })).split('\n')
  assert.deepEqual([head, long, short].map((one) => one.length), [124, 124, 124])
  assert.match(long, /^x{119}…   1$/)
  assert.ok(table(columns, rows, widthOf({ isTTY: false }, true)).includes('x'.repeat(800)))
  assert.ok(table(columns, rows, widthOf({ isTTY: true, columns: 80 }, true)).includes('x'.repeat(800)))
})

test('texts of a heap do not drive the terminal', () => {
  assert.equal(printable('a\nb\u001b[2J\u202ec\t'), 'a\\nb\\u001b[2J\\u202ec\\t')
  assert.deepEqual([cut('abcdef', 6), cut('abcdef', 5), cut('日本語', 4)], ['abcdef', 'abcd…', '日…'])
  assert.deepEqual([0, 5, -5].map((value) => signed(value, String)), ['0', '+5', '-5'])
})

test('filters go to the child and come back', () => {
  for (const one of ['Foo', '{a, b}', '/x/', 'a/b', '(string)', '/tmp']) {
    const again = filter(parse(print(one)))
    assert.ok(again(one) && !again(`${one}!`), one)
  }
  assert.deepEqual(parse(print(/a\/b/iu)), /a\/b/iu)
})

test('the bar', () => {
  const progress = { stage: 'reading', done: 5e8, total: 1e9, file: 1, files: 1 }
  assert.equal(line(progress), '[#######.................]  30% reading 500.0 MB of 1.0 GB')
  assert.equal(line({ ...progress, total: 0 }), 'reading 500.0 MB')
  assert.match(line({ ...progress, stage: 'dominators', file: 2, files: 2 }), /^\[#{22}\.\.\]  91% snapshot 2 of 2: dominators$/)
})

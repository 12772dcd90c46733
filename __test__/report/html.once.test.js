'use strict'

// The file as such: one that needs nothing else, with its data as it was.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { test } = require('node:test')
const { pageData } = require('../../lib/report/data')
const { json } = require('../../lib/report/escape')
const { render } = require('../../lib/report/html')
const { boxes } = require('../../lib/report/page/path')
const { bytes, duration, percent, place, rate } = require('../../lib/report/page/text')
const { EVIL, ...hostile } = require('./fixtures/hostile')
const leak = require('./fixtures/leak')
const { rows, step } = require('./fixtures/make')

const dataOf = (html) => JSON.parse(/<script type="application\/json" id="data">([^]*?)<\/script>/.exec(html)[1])

test('it is one file: nothing in it is fetched, and its policy knows its script and its style', () => {
  const html = render(leak)
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; base-uri 'none'; form-action 'none'$/)
  for (const [, of, text] of html.matchAll(/<(script|style)>([^]*?)<\/\1>/g)) {
    assert.ok(policy.includes(`${of}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`), of)
  }
  assert.equal([...html.matchAll(/<script\b/g)].length, 2)
  assert.doesNotMatch(html.replace(/<script[^]*<\/script>/, ''), /\s(src|href)=|url\(|@import/, 'but for the script nothing names another file')
  assert.ok(html.length < 300_000, `${html.length} bytes for little data`)
})

test('the data is what it was, and ends no script', () => {
  assert.deepEqual(dataOf(render(leak)).report.headline, leak.report.headline)
  const text = json(EVIL)
  assert.doesNotMatch(text, /[<>&\u2028\u2029]/)
  assert.deepEqual(JSON.parse(text), EVIL)
  const html = render(hostile)
  assert.equal([...html.matchAll(/<\/script>/gi)].length, 2)
  assert.equal(dataOf(html).report.headline, hostile.report.headline)
})

test('a report of anything is not longer than can be read', () => {
  const long = 'x'.repeat(20_000)
  const many = (count, make) => Array.from({ length: count }, (_, index) => make(index))
  const [suspect] = leak.report.suspects
  const one = step(long, 'property', long)
  const found = {
    report: { ...leak.report, suspects: many(100, () => ({ ...suspect, title: long, path: many(10_000, () => one), holderTexts: many(1_000, () => long), keys: { pattern: long, distinct: 1, examples: many(1_000, () => long) } })) },
    summary: { ...leak.summary, classes: many(50_000, () => ({ ...leak.summary.classes[0], name: long })), duplicateStrings: many(5_000, () => ({ ...leak.summary.duplicateStrings[0], text: long })) },
    tree: leak.tree
  }
  const { report, summary, classCount } = pageData(found, { version: '1', made: 'now' })
  assert.deepEqual([report.suspects.length, report.suspects[0].path.length, summary.classes.length, summary.duplicateStrings.length, classCount], [20, 80, 1_000, 200, 50_000])
  assert.equal(report.suspects[0].stepsLeftOut, 9_920)
  assert.ok(summary.classes[0].name.length <= 300 && report.suspects[0].title.length <= 2_000)
})

test('a path as boxes: what a developer has written, V8\'s pieces in the arrows', () => {
  const [suspect] = leak.report.suspects
  const ends = (path) => boxes({ ...suspect, path }).slice(-2).map(({ name, of, role, via }) => [name, of, role, via])
  const holder = ['cache', 'Map', 'holder', 'captures variable cache']
  assert.deepEqual(ends(suspect.path), [holder, ['48,213 × {url, body}', undefined, 'leaked', 'holds']])
  // One that goes on to an entry says how that is held.
  const table = step('table', 'internal', '(array)', { type: 'array' })
  const entry = step('1203', 'internal', '{url, body}', { className: '{url, body}' })
  assert.deepEqual(ends([...suspect.path, table, entry]), [holder, ['48,213 × {url, body}', '', 'leaked', 'entry']])
  assert.deepEqual(boxes({ ...suspect, path: [] }), [])
  const roots = boxes({ count: 1, className: 'Socket', path: [step('1', 'element', '(GC roots)', { type: 'synthetic' }), step('2', 'element', '(Global handles)', { type: 'synthetic' }), step('3', 'element', 'Socket')] })
  assert.deepEqual(roots.map(({ name, via }) => [name, via]), [['native code', ''], ['Socket', '']])
  const long = boxes({ count: 1, className: 'Class0', path: Array.from({ length: 80 }, (_, index) => step('next', 'property', `Class${index}`)) })
  assert.deepEqual([long.length, long[1], long.at(-1).name], [7, { left: 74 }, 'Class79'])
})

test('rates as one can count them, on the page as on the terminal', () => {
  const terminal = require('../../lib/cli/suspects/words')
  for (const [perMinute, said] of [[5557.2, '5,557 a minute'], [310.4, '310 a minute'], [9.96, '10 a minute'], [4.23, '4.2 a minute'], [2, '2 a minute'],
    [0.3, '18 an hour'], [0.02, '1 an hour'], [0.002, '3 a day'], [0, '0 a minute']]) {
    assert.equal(rate(perMinute), said)
    assert.equal(terminal.rate(perMinute), `+${said}`)
  }
  assert.equal(rate(-310.4), '-310 a minute')
  assert.equal(terminal.rate(-0.3), '-18 an hour')
})

test('numbers and places as people read them', () => {
  assert.deepEqual([0, 999, 1_000, 999_960, 47_800_000].map(bytes), ['0 B', '999 B', '1.0 kB', '1.0 MB', '47.8 MB'])
  assert.deepEqual([0, 0.0004, 0.034, 0.61, 1].map(percent), ['0 %', '< 0.1 %', '3.4 %', '61 %', '100 %'])
  assert.deepEqual([1_000, 120_000, 7_200_000, 260_000_000].map(duration), ['1 s', '2 min', '2 h', '3 days'])
  assert.deepEqual([undefined, { scriptId: 4, line: 1, column: 2 }, { scriptId: 4, script: 'file:///srv/a.js', line: 11, column: 0 }].map(place), ['', 'script 4:2:3', 'a.js:12:1'])
  assert.equal(rows(['root', 1]).length, 1)
})

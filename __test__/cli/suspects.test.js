'use strict'

// `heapwarden suspects` and `heapwarden verify`: for a terminal, a ticket and a program; with names that mean something to each.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { findSuspects } = require('../..')
const { MOST, fitting } = require('../../lib/cli/suspects/fitting')
const { code, markdown, prose } = require('../../lib/cli/suspects/markdown')
const { text } = require('../../lib/cli/suspects/text')
const { verified } = require('../../lib/cli/verify/answer')
const { short, text: verifyText } = require('../../lib/cli/verify/text')
const { printableJson } = require('../../lib/base/printable')
const { heapwarden, usedWrongly } = require('../support/cli')
const { tempDir } = require('../support/helpers')
const { piled } = require('../support/piling')

let dir
/** Of a Map that fills up, and of one that is bounded. */
let leaking
let mended
before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-test-'))
  leaking = await piled(dir, 'cache', 3)
  mended = await piled(dir, 'bounded', 3)
})
after(() => fs.rmSync(dir, { recursive: true, force: true }))

/** A saved report. */
async function saved (t, files, ...more) {
  const { stdout } = await heapwarden(['suspects', ...files, '--json', ...more])
  const file = path.join(tempDir(t), 'report.json')
  fs.writeFileSync(file, stdout)
  return file
}

for (const command of ['suspects', 'verify']) {
  test(`${command} --help`, async () => {
    const { status, stdout } = await heapwarden([command, '--help'])
    assert.equal(status, 0)
    assert.match(stdout, new RegExp(`^usage: heapwarden ${command} `))
    for (const flag of ['--max-memory', '--salvage', '--full', '--json']) assert.ok(stdout.includes(`  ${flag}`), flag)
    assert.match(stdout, /Exit status: 0 .*, 1 .*, 2 used wrongly\.\n$/)
  })
}

usedWrongly([
  [['suspects'], /which FILE\?/],
  [['suspects', 'a', '--top', 'many'], /--top is a number/],
  [['suspects', 'a', '--top', '33'], /--top: 33 was given/],
  [['suspects', 'a', '--json', '--markdown'], /either --json or --markdown/],
  [['suspects', '-', '-'], /once only/],
  [['suspects', 'a', '--class', 'x'], /there is no option --class/],
  [['verify'], /which BEFORE and AFTER\?/],
  [['verify', 'a'], /compared with which AFTER\?/],
  [['verify', '--before', 'a'], /compared with which AFTER\?/],
  [['verify', '-', '-'], /once only/]
])

test('suspects: the verdict first, then a paragraph for each, and 1 for a leak', async () => {
  const { status, stdout, stderr } = await heapwarden(['suspects', ...leaking])
  assert.deepEqual([status, stderr], [1, ''])
  const report = await findSuspects(leaking)
  const [head, first] = stdout.split('\n\n')
  assert.ok(head.startsWith(report.headline))
  assert.match(head, /\n3 snapshots over \d+ (s|min), [\d.]+ MB → [\d.]+ MB/)
  assert.ok(first.startsWith(`1. ${report.suspects[0].title}\n   `))
  for (const says of [/\n {3}Usual cure: /, /\n {3}path +.*cache/, /\n {3}entries +Page \{url, body\}, /, /\n {3}keys +urls, 3,000 different: "\/page/,
    /\n {3}growth +1,000 → 2,000 → 3,000, \+[\d,.]+ a minute \(linear\)/, /\n {3}judged +leak, collection; \d+ % sure/, new RegExp(`\n {3}fingerprint +${report.suspects[0].fingerprint}`)]) {
    assert.match(first, says)
  }
  assert.ok(!stdout.includes('Left out'))
  const full = await heapwarden(['suspects', ...leaking, '--full', '--top', '1'])
  assert.match(full.stdout, /\n +context cache → Map @\d+, retains /, 'step by step')
})

test('suspects: JSON is what the function gives; other verdicts are 0; standard input', async () => {
  const json = await heapwarden(['suspects', ...leaking, '--json', '--full'])
  assert.deepEqual([json.status, JSON.parse(json.stdout)], [1, await findSuspects(leaking)])
  const one = await heapwarden(['suspects', '-', '--json', '--full'], { stdin: leaking[0] })
  assert.equal(one.status, 0, one.stderr)
  const { snapshots: [{ path: name, ...rest }], ...report } = JSON.parse(one.stdout)
  const { snapshots: [{ path: _, ...same }], ...expected } = await findSuspects(leaking[0])
  assert.deepEqual([name, rest, report], [null, same, expected])
  const none = await heapwarden(['suspects', ...mended])
  assert.equal(none.status, 0, none.stdout)
})

test('suspects: failures are 1, told on stderr', async (t) => {
  const damaged = path.join(tempDir(t), 'cut.heapsnapshot.zst')
  fs.writeFileSync(damaged, fs.readFileSync(leaking[0]).subarray(0, -1))
  const failed = await heapwarden(['suspects', damaged, '--json'])
  assert.deepEqual([failed.status, failed.stdout, JSON.parse(failed.stderr).code], [1, '', 'HEAPWARDEN_CORRUPT_SNAPSHOT'])
  const salvaged = await heapwarden(['suspects', damaged, '--salvage'])
  assert.equal(salvaged.status, 0, salvaged.stderr)
  assert.match(salvaged.stdout, /\nINCOMPLETE: .*byte/)
  const twice = await heapwarden(['suspects', leaking[0], leaking[0]])
  assert.deepEqual([twice.status, twice.stdout], [2, ''])
})

/** What would drive a terminal. */
// eslint-disable-next-line no-control-regex
const WILD = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/

test('hostile names are harmless in a terminal, in JSON and in a ticket', async (t) => {
  const file = (await piled(tempDir(t), 'hostile', 5))[4]
  const report = await findSuspects(file)
  assert.match(report.suspects.map(({ title }) => title).join(), /<script>.*@somebody/, 'or else the test says nothing')
  for (const more of [[], ['--full'], ['--json'], ['--markdown']]) {
    const { stdout } = await heapwarden(['suspects', file, ...more])
    assert.match(stdout, /somebody/)
    assert.doesNotMatch(stdout, WILD, more.join())
  }
  const { stdout } = await heapwarden(['suspects', file, '--markdown'])
  // Without code, in which nothing means anything, there is nothing left that does.
  const open = stdout.replace(/(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')
  for (const wild of [/<\w/, /(?<!\\)\]\(/, /(?<!\\)!\[/, /@\w/, /:\/\//, /(?<![\\#])#\d/, /(?<!\\)`/]) assert.doesNotMatch(open, wild)
})

test('Markdown: texts stay texts', () => {
  for (const [given, shown] of [
    ['`cache` in a.js', '`cache` in a.js'],
    ['a `b', 'a \\`b'],
    ['``a`', '\\`\\`a\\`'],
    ['<b>&amp;</b>', '&lt;b&gt;&amp;amp;&lt;/b&gt;'],
    ['[a](b)', '\\[a\\](b)'],
    ['a_b*c~d|e$f', 'a\\_b\\*c\\~d\\|e\\$f'],
    ['a\\`b`', 'a\\\\`b`'],
    ['- item', '\\- item'],
    ['12. item', '12\u200b. item'],
    ['@nobody at http://x www.y #12', '@\u200bnobody at http:\u200b//x www\u200b.y \\#\u200b12'],
    ['a\nb', 'a\\\\nb'],
    ['`a\nb`', '`a\\nb`']
  ]) assert.equal(prose(given), shown)
  for (const [given, shown] of [['a', '`a`'], ['a`b', '``a`b``'], ['`', '`` ` ``'], ['', '`  `'], ['a``b`c', '```a``b`c```'], ['<a>\u001b', '`<a>\\u001b`']]) {
    assert.equal(code(given), shown)
  }
})

test('every answer is short enough, whatever is in the heap, and says what it leaves out', async (t) => {
  const files = await piled(tempDir(t), 'long', 2)
  const whole = await heapwarden(['suspects', ...files, '--top', '32', '--json', '--full'])
  assert.ok(whole.stdout.length > 2 * MOST, `${whole.stdout.length}: or else the test says nothing`)
  for (const more of [[], ['--markdown'], ['--json']]) {
    const { stdout } = await heapwarden(['suspects', ...files, '--top', '32', ...more])
    assert.ok(stdout.length < MOST, `${more}: ${stdout.length}`)
    if (more[0] === '--json') assert.match(JSON.parse(stdout).shortened.join(), /steps in the middle of paths/)
  }
})

test('what is left out first is what is missed least', () => {
  const step = (at) => ({ edge: `edge ${at}`, edgeType: 'property', node: { id: at, name: 'x'.repeat(200), type: 'object', className: 'X', shallowSize: 1, retainedSize: 1, distance: 1 } })
  const suspect = (number, wild = '') => ({
    kind: 'collection', verdict: 'leak', title: `title ${number}${wild}`, explanation: `explanation ${number}${wild}`, cure: 'cure', path: Array.from({ length: 200 }, (_, at) => step(at)), pathText: `path${wild}`,
    holders: Array.from({ length: 4 }, () => [step(1)]), holderTexts: Array(4).fill(`also${wild}`), holder: { name: `a${wild}`, className: 'Map', id: 1 }, className: 'X',
    count: 5, retainedSize: 1, exclusiveSize: 1, share: 0.5, keys: { pattern: 'urls', distinct: 5, examples: Array(3).fill(`key${wild}`) }, confidence: 0.5, fingerprint: '0123456789abcdef',
    growth: { perSnapshot: Array(1000).fill(1e6), retainedSizes: Array(1000).fill(1e6), shape: 'linear' }
  })
  const report = (count, wild) => ({
    verdict: 'leak', confidence: 'growth', headline: `headline${wild ?? ''}`, total: 5, redacted: false, complete: true, missing: [`missing${wild ?? ''}`],
    snapshots: Array.from({ length: 1000 }, (_, at) => ({ path: `/${at}${wild ?? ''}`, at, totalSize: 1, nodes: 1 })), suspects: Array.from({ length: count }, (_, at) => suspect(at, wild))
  })
  const cut = JSON.parse(fitting(report(1), printableJson))
  assert.deepEqual([cut.suspects[0].path.length + cut.suspects[0].omitted, cut.suspects[0].path.at(-1).edge, cut.suspects[0].title], [200, 'edge 199', 'title 0'])
  assert.ok(!cut.shortened.join().includes('suspect'))
  // The worst there is: every character takes six.
  for (const show of [printableJson, markdown, (one) => text(one, { width: 80, full: true })]) {
    const shown = fitting(report(32, '\u202e\u001b`'.repeat(3000)), show)
    assert.ok(shown.length < MOST, String(shown.length))
    assert.match(shown, /title\s+0/)
    assert.match(shown, /0123456789abcdef/)
  }
  const all = Array.from({ length: 32 }, (_, at) => ({ ...suspect(at, '\u202e'.repeat(3000)), fingerprint: String(at).padStart(16, '0') }))
  const answer = verified({ ...report(0), suspects: all }, { ...report(0, '\u202e'.repeat(9000)), suspects: all.map((one) => ({ ...one, fingerprint: one.fingerprint.replace(/^0/, 'f') })) })
  assert.ok(printableJson(short(answer)).length < MOST && verifyText(short(answer), 80).length < MOST)
})

test('verify: gone, still there, not seen enough', async (t) => {
  const before = await saved(t, leaking)
  const gone = await heapwarden(['verify', before, ...mended])
  assert.equal(gone.status, 0, gone.stdout)
  assert.match(gone.stdout, /^Gone: .*\n\nGONE: .*`cache`/)

  const there = await heapwarden(['verify', before, ...leaking.slice(1), '--json'])
  const { answer, suspects: [first], new: fresh } = JSON.parse(there.stdout)
  assert.deepEqual([there.status, answer, first.answer, first.before.count, first.after.count, first.after.growth], [1, 'there', 'there', 3000, 3000, [2000, 3000]])
  assert.deepEqual(fresh, [])
  assert.match((await heapwarden(['verify', before, ...leaking])).stdout, /^Still there: 1 of 1 .*\n\nSTILL THERE: .*\n {3}It still grows\./)
  // From one snapshot it is seen that it is there, and not that it is gone.
  assert.equal(JSON.parse((await heapwarden(['verify', before, leaking[2], '--json'])).stdout).answer, 'there')
  const unsure = await heapwarden(['verify', before, mended[0]])
  assert.equal(unsure.status, 1)
  assert.match(unsure.stdout, /^Not seen enough .*\n\nNOT SEEN ENOUGH: .*\n {3}One snapshot shows no growth/)
})

test('verify: snapshots before, reports after, new suspects, one by its fingerprint', async (t) => {
  const after = await saved(t, await piled(tempDir(t), 'listeners', 3))
  const { status, stdout } = await heapwarden(['verify', '--before', leaking[0], '--before', leaking[1], after, '--json'])
  const result = JSON.parse(stdout)
  assert.deepEqual([status, result.answer, result.before.snapshots, result.after.snapshots, result.new.length], [0, 'gone', 2, 3, 1])
  assert.match(result.new[0].title, /'update'/)
  // Of one snapshot before: what was large.
  const large = JSON.parse((await heapwarden(['verify', leaking[2], leaking[1], '--json'])).stdout)
  assert.deepEqual([large.answer, large.suspects.length], ['there', 1])
  const [{ fingerprint }] = large.suspects
  const asked = await heapwarden(['verify', leaking[2], ...mended, '--fingerprint', fingerprint])
  assert.equal(asked.status, 0, asked.stdout)
})

test('verify: what is no report, or leaves nothing to ask', async (t) => {
  const before = await saved(t, leaking)
  const write = (name, value) => {
    const file = path.join(path.dirname(before), name)
    fs.writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
    return file
  }
  const report = JSON.parse(fs.readFileSync(before, 'utf8'))
  for (const [args, status, says] of [
    [[write('empty.json', { ...report, suspects: [] }), leaking[0]], 2, /BEFORE names no suspect/],
    [[write('bent.json', { ...report, suspects: [{ ...report.suspects[0], fingerprint: 'x' }] }), leaking[0]], 2, /looks like a report/],
    [[write('other.json', { a: 1 }), leaking[0]], 1, /other\.json/],
    [[before, path.join(dir, 'none')], 1, /there is no file .*none/],
    [[before, leaking[0], before], 2, /is a report, and stands alone/],
    [[before, leaking[0], '--fingerprint', '0000000000000000'], 2, /no suspect with the fingerprint/],
    [[before, leaking[0], '--fingerprint', 'abc'], 2, /16 hex digits/]
  ]) {
    const result = await heapwarden(['verify', ...args])
    assert.deepEqual([result.status, result.stdout], [status, ''], args.join(' '))
    assert.match(result.stderr, says)
  }
})

test('verify: rather "not seen enough" than a guess', () => {
  const suspect = (change) => ({ verdict: 'leak', title: 'x', fingerprint: 'a'.repeat(16), count: 5, retainedSize: 5, share: 0.5, ...change })
  const report = (suspects, change) => ({ verdict: 'leak', confidence: 'growth', headline: 'x', complete: true, snapshots: [{}, {}, {}], suspects, ...change })
  const other = (at) => suspect({ fingerprint: String(at).padStart(16, '0') })
  const before = report([suspect()])
  for (const [after, answer] of [
    [report([]), 'gone'],
    [report([suspect()]), 'there'],
    [report([suspect({ verdict: 'backlog' })]), 'gone'],
    [report([suspect({ verdict: 'settling' })]), 'gone'],
    [report([suspect({ verdict: 'settling' })], { snapshots: [{}, {}] }), 'unsure'],
    [report([], { complete: false }), 'unsure'],
    [report([], { confidence: 'size' }), 'unsure'],
    [report([suspect({ verdict: 'large' })], { confidence: 'size' }), 'there'],
    // A saved report has the first five.
    [report([1, 2, 3, 4, 5].map(other), { saved: true }), 'unsure'],
    [report([1, 2, 3, 4, 5].map(other)), 'gone'],
    [report([...[1, 2, 3, 4].map(other), suspect({ fingerprint: 'b'.repeat(16), verdict: 'settling' })], { saved: true }), 'gone']
  ]) assert.equal(verified(before, after).answer, answer, JSON.stringify(after))
  assert.equal(verified(report([suspect({ verdict: 'large' })], { confidence: 'size' }), report([], { confidence: 'size' })).answer, 'gone')
  assert.equal(verified(report([suspect(), other(1)]), report([other(1)])).answer, 'there', 'as bad as its worst')
})

'use strict'

// The judge itself: a row that does not fit is told, each thing by its sentence; and what becomes of that in the table of `npm run truth`.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { collect, rows } = require('./collect')
const { judge } = require('./judge')
const { markdown, sentences } = require('../../scripts/truth/report')

const row = rows().find(({ name }) => name === 'page-cache')
let dir
let files
before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-test-'))
  files = await collect({ ...row, perRound: 150 }, { out: dir })
})
after(() => fs.rmSync(dir, { recursive: true, force: true }))

/** What is wrong from all three; the same must be wrong from two, and from one. */
async function wrongWith (change) {
  const { wrong } = await judge('leaks', { ...row, ...change }, files)
  const of = (way) => wrong.filter((sentence) => sentence.startsWith(`from ${way}: `)).map((sentence) => sentence.slice(`from ${way}: `.length))
  const all = of('all 3')
  assert.equal(of('the first and the last').length, all.length)
  assert.equal(of('the last alone').length, all.length)
  assert.equal(wrong.length, 3 * all.length)
  return all.join('\n')
}

test('a row that fits', async () => assert.equal(await wrongWith({}), ''))

test('another kind, holder, file, or known leak', async () => {
  assert.match(await wrongWith({ kinds: ['timers'] }), /^a collection ".*pages.*", held by .*pages.*: its kind is not timers$/)
  assert.match(await wrongWith({ holder: /\bposts\b/ }), /^the title ".*" does not name .*posts.*\nthe holder .* is not .*posts/)
  assert.match(await wrongWith({ file: /other\.js/ }), /^the holder is in .*page-cache\.js and not in .*other/)
  assert.match(await wrongWith({ known: 'node-promise-race' }), /^known as nothing instead of node-promise-race$/)
  assert.match(await wrongWith({ holders: [/\bindex\b/] }), /^.*index.* is not among the ways: /)
})

test('what does not leak is not named', async () => {
  const calm = await collect({ ...rows('healthy').find(({ name }) => name === 'lru-full'), rounds: 1, perRound: 150 }, { out: dir })
  const { wrong } = await judge('leaks', { ...row, alone: false }, calm)
  assert.match(wrong[0], /^from all 2: verdict (none|settling)/)
  assert.deepEqual((await judge('healthy', row, calm)).wrong, [])
})

test('a leak is not healthy', async () => {
  assert.match((await judge('healthy', row, files)).wrong.join(), /^verdict leak: a collection /)
})

test('the table: which Node names it, and where it has another fingerprint', () => {
  const leak = { name: 'a', table: 'leaks', kinds: ['collection'], wrong: [], fingerprint: '1' }
  const results = [
    { ...leak, major: 20 },
    { ...leak, major: 22 },
    { ...leak, major: 24, fingerprint: '2' },
    { ...leak, name: 'b', major: 20, wrong: ['it is not named'] },
    { name: 'c', table: 'healthy', major: 20, wrong: [] },
    { name: 'c', table: 'healthy', major: 22, wrong: ['verdict leak'] }
  ]
  assert.equal(markdown(results), `| program | kind | Node 20 | Node 22 | Node 24 | fingerprint |
|---|---|---|---|---|---|
| \`a\` | collection | named | named | named, **another fingerprint** | \`1\` |
| \`b\` | collection | **wrong** |  |  | \`1\` |
| \`c\` | does not leak | quiet | **wrong** |  |  |`)
  assert.deepEqual(sentences(results), ['a, Node 24: fingerprint 2, elsewhere 1', 'b, Node 20: it is not named', 'c, Node 22: verdict leak'])
})

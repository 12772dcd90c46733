'use strict'

// `heapwarden report`, from snapshots of a program that leaks to the page that says so.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { before, after, test } = require('node:test')
const { heapwarden, usedWrongly } = require('../support/cli')
const { node, root, tempDir } = require('../support/helpers')
const { visit } = require('./browser')

/** Three snapshots of a Map that is filled and never emptied. */
const PROGRAM = `
  const { takeSnapshot } = require(${JSON.stringify(root)})
  const sessions = new Map()
  class Session { constructor (id) { this.id = id; this.token = 'token of ' + id; this.notes = ['</script><b>' + id] } }
  module.exports = () => sessions.size
  ;(async () => {
    for (let round = 1; round <= 3; round++) {
      for (let i = 0; i < 4000; i++) sessions.set('user ' + (round * 4000 + i), new Session(round * 4000 + i))
      console.log((await takeSnapshot({ dir: process.argv[2] })).path)
    }
  })()`

const work = fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'heapwarden-report-'))
let files

before(async () => {
  const program = path.join(work, 'service.js')
  fs.writeFileSync(program, PROGRAM)
  const { status, stdout, stderr } = await node(['--expose-gc', program, path.join(work, 'snapshots')])
  assert.equal(status, 0, stderr)
  files = stdout.trim().split('\n')
})

after(() => fs.rmSync(work, { recursive: true, force: true }))

test('of three snapshots: the page names what leaks, and so does the terminal', async (t) => {
  const to = path.join(tempDir(t), 'report.html')
  const { status, stdout, stderr } = await heapwarden(['report', ...files, '-o', to])
  assert.equal(status, 0, stderr)
  const [headline, where, size] = stdout.trim().split('\n')
  assert.match(headline, /sessions/)
  assert.equal(where, to)
  assert.match(size, /^\d+(\.\d)? kB$/)
  assert.equal((fs.statSync(to).mode & 0o777).toString(8), '600')
  assert.deepEqual(fs.readdirSync(path.dirname(to)), ['report.html'])

  const { page, seen } = await visit(to)
  assert.equal(await page.locator('h1').textContent(), headline.replaceAll('`', ''))
  assert.match(await page.locator('#suspect-1 h3').textContent(), /sessions/)
  assert.match(await page.locator('#suspect-1 .path [data-role="leaked"]').innerText(), /12,000 × .*Session/)
  await page.locator('#suspect-1').getByRole('button', { name: 'Show on the map' }).click()
  assert.match(await page.locator('.cell[aria-selected="true"]').getAttribute('title'), /suspect 1$/)
  await page.locator('#classes-filter').fill('session')
  assert.match(await page.locator('#classes tbody').innerText(), /Session\s+12,000/)
  assert.deepEqual(seen, { errors: [], requests: [], dialogs: [] })
  await page.close()
})

test('of one, which may come through a pipe: what is large; as JSON where it is and what was found', async (t) => {
  const dir = tempDir(t)
  const { status, stdout, stderr } = await heapwarden(['report', '-', '--json'], { stdin: files[2], cwd: dir })
  assert.equal(status, 0, stderr)
  const { path: where, bytes, verdict, headline, fingerprints } = JSON.parse(stdout)
  assert.equal(where, path.join(fs.realpathSync(dir), 'heapwarden.report.html'))
  assert.equal(bytes, fs.statSync(where).size)
  assert.equal(verdict, 'large')
  assert.match(headline, /sessions/)
  assert.ok(fingerprints.length > 0 && fingerprints.every((one) => /^[0-9a-f]{16}$/.test(one)))
})

test('-o - is standard output; without -o it is named after the snapshot', async (t) => {
  const dir = tempDir(t)
  const printed = await heapwarden(['report', files[0], '-o', '-'], { cwd: dir })
  assert.equal(printed.status, 0, printed.stderr)
  assert.match(printed.stdout, /^<!doctype html>\n[^]*<\/html>\n$/)
  assert.deepEqual(fs.readdirSync(dir), [])
  const named = await heapwarden(['report', files[0]], { cwd: dir })
  assert.equal(named.status, 0, named.stderr)
  assert.deepEqual(fs.readdirSync(dir), [`${path.basename(files[0], '.heapsnapshot.zst')}.report.html`])
})

test('what it is made from is not written over, and what fails leaves nothing', async (t) => {
  const dir = tempDir(t)
  const before = fs.readFileSync(files[0])
  const over = await heapwarden(['report', files[1], files[0], '-o', files[0]])
  assert.equal(over.status, 2)
  assert.match(over.stderr, /is what the report is made from/)
  assert.deepEqual(fs.readFileSync(files[0]), before)
  // Forgotten which is which: the file is not what the report is made from, and stays all the same.
  const forgotten = await heapwarden(['report', '-o', files[0], files[1]])
  assert.equal(forgotten.status, 2)
  assert.match(forgotten.stderr, /is there and is no report of heapwarden's/)
  assert.deepEqual(fs.readFileSync(files[0]), before)
  const missing = await heapwarden(['report', 'missing.heapsnapshot', '-o', 'x.html'], { cwd: dir })
  assert.equal(missing.status, 1)
  const nowhere = await heapwarden(['report', files[0], '-o', 'missing/x.html', '--json'], { cwd: dir })
  assert.equal(nowhere.status, 1)
  assert.equal(JSON.parse(nowhere.stderr).code, 'HEAPWARDEN_NOT_FOUND')
  assert.deepEqual(fs.readdirSync(dir), [])
})

usedWrongly([
  [['report'], /which FILE\?/],
  [['report', 'x.heapsnapshot', '-o', ''], /-o is empty/],
  [['report', 'x.heapsnapshot', '-o', '-', '--json'], /one of them only/],
  [['report', 'x.heapsnapshot', '-o', '/dev/null'], /not a regular file/],
  [['report', '-', '-'], /once only/],
  [['report', 'x.heapsnapshot', '--max-memory', 'much'], /--max-memory/]
])

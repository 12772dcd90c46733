'use strict'

// Snapshots of other programs and tools: a page of Chromium with elements that are detached, Node's own, and such as older tools
// write, without places and without roots of the program's. They go through suspects and the page as ours do.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { findSuspects } = require('../..')
const { node } = require('../support/helpers')
const { piled } = require('../support/piling')
const { questioned } = require('../support/questioned')
const { launch } = require('./chromium')

let dir
/** Two of a page that keeps what it has taken out of itself; its JSON. */
let pages
/** Two of Node's own. */
let own

/** Not of this process: Node 20's V8 looks for the line of each function from the beginning of its file, of which the driver's is long. */
const NODES_OWN = `
  const v8 = require('node:v8')
  const kept = []
  exports.kept = () => kept
  for (const round of [1, 2]) {
    for (let id = 0; id < 1000; id++) kept.push({ id, note: Buffer.from(('note ' + round + id).repeat(20)).toString() })
    console.log(v8.writeHeapSnapshot('own-' + round + '.heapsnapshot'))
  }`

/** A page's snapshot as DevTools takes it. */
async function take (session, name) {
  const file = path.join(dir, name)
  const chunks = []
  const listener = ({ chunk }) => chunks.push(chunk)
  session.on('HeapProfiler.addHeapSnapshotChunk', listener)
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  session.off('HeapProfiler.addHeapSnapshotChunk', listener)
  fs.writeFileSync(file, chunks.join(''))
  return file
}

before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-test-'))
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.setContent('<!doctype html><title>a shop</title><ul id="basket"></ul>')
    await page.addScriptTag({
      content: `
        const removed = []
        class Row { constructor (id) { this.id = id; this.note = 'row '.repeat(50) + id } }
        globalThis.order = (count) => {
          for (let id = 0; id < count; id++) {
            const item = Object.assign(document.createElement('li'), { innerHTML: '<b>item</b> ' + id, row: new Row(id) })
            basket.append(item)
            item.remove()
            removed.push(item)
          }
        }`
    })
    const session = await page.context().newCDPSession(page)
    pages = []
    for (const round of [1, 2]) {
      await page.evaluate(() => globalThis.order(1000))
      pages.push(await take(session, `page-${round}.heapsnapshot`))
    }
  } finally {
    await browser.close()
  }
  fs.writeFileSync(path.join(dir, 'shop.js'), NODES_OWN)
  const { status, stdout, stderr } = await node(['shop.js'], { cwd: dir })
  assert.equal(status, 0, stderr)
  own = stdout.trim().split('\n').map((name) => path.join(dir, name))
})
after(() => fs.rmSync(dir, { recursive: true, force: true }))

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'))

/** The same file with its JSON changed. */
function changed (file, name, change) {
  const json = read(file)
  change(json)
  const to = path.join(dir, `${name}-${path.basename(file)}`)
  fs.writeFileSync(to, JSON.stringify(json))
  return to
}

function withoutPlaces (json) {
  delete json.locations
  delete json.snapshot.meta.location_fields
}

/** As the first snapshots of V8 were: no places, no samples, and nothing of what is detached. */
function old (json) {
  withoutPlaces(json)
  for (const name of ['samples', 'trace_tree', 'trace_function_infos']) delete json[name]
  for (const name of ['sample_fields', 'trace_function_info_fields', 'trace_node_fields']) delete json.snapshot.meta[name]
  const { node_fields: fields, node_types: types } = json.snapshot.meta
  const [at, width] = [fields.indexOf('detachedness'), fields.length]
  if (at < 0) return
  json.nodes = json.nodes.filter((_, index) => index % width !== at)
  fields.splice(at, 1)
  types.splice(at, 1)
  const to = json.snapshot.meta.edge_fields.indexOf('to_node')
  for (let edge = to; edge < json.edges.length; edge += json.snapshot.meta.edge_fields.length) json.edges[edge] = json.edges[edge] / width * (width - 1)
}

/** Of the root's edges those only are left that lead to V8's own roots. */
function withoutUserRoots (json) {
  const { node_fields: fields, node_types: [types], edge_fields: edgeFields } = json.snapshot.meta
  const [type, count] = [fields.indexOf('type'), fields.indexOf('edge_count')]
  const [wide, to] = [edgeFields.length, edgeFields.indexOf('to_node')]
  const rows = Array.from({ length: json.nodes[count] }, (_, row) => json.edges.slice(row * wide, (row + 1) * wide))
  const left = rows.filter((row) => types[json.nodes[row[to] + type]] === 'synthetic')
  // A page's has none of others.
  assert.ok(left.length > 0 && (left.length < rows.length || json.strings.includes('Window')))
  json.edges.splice(0, rows.length * wide, ...left.flat())
  json.nodes[count] = left.length
  json.snapshot.edge_count -= rows.length - left.length
}

test('a page with detached elements: they are there, and who keeps them is named', async () => {
  assert.ok(read(pages[1]).strings.some((text) => /^(Detached )?<li/.test(text)))
  const large = await questioned([pages[1]])
  assert.ok(['large', 'unknown'].includes(large.verdict), large.headline)
  const report = await questioned(pages)
  assert.equal(report.verdict, 'leak', report.headline)
  assert.match(report.suspects[0].title, /`removed`/)
  assert.deepEqual(report.suspects[0].growth.perSnapshot, [1000, 2000])
})

test('Node\'s own', async () => {
  await questioned([own[0]])
  const report = await questioned(own)
  assert.equal(report.verdict, 'leak', report.headline)
  assert.match(report.suspects[0].title, /`kept`/)
})

for (const [name, change] of Object.entries({ 'without places': withoutPlaces, 'of an old V8': old, 'without roots of the program\'s': withoutUserRoots })) {
  test(`${name}: of a page and of Node, from one and from two`, async () => {
    for (const files of [pages, own]) {
      const less = files.map((file) => changed(file, change.name, change))
      await questioned([less[1]])
      const report = await questioned(less)
      assert.equal(report.verdict, 'leak', report.headline)
      assert.match(report.suspects[0].title, files === pages ? /removed/ : /kept/)
      if (change === withoutPlaces) assert.ok(report.suspects.every(({ holder }) => holder.line === undefined))
      await questioned([files[0], less[1]])
    }
  })
}

test('snapshots of unlike programs together: none of it is called a leak', async () => {
  const [ours] = await piled(path.join(dir, 'ours'), 'cache', 1)
  for (const files of [[own[0], pages[0]], [pages[0], own[1]], [ours, own[1]], [own[0], ours], [pages[0], ours], [ours, pages[1], own[1]]]) {
    const report = await questioned(files)
    assert.notEqual(report.verdict, 'leak', `${files.map((file) => path.basename(file))}: ${report.headline}`)
  }
})

test('cut anywhere: refused as such, or marked', async () => {
  const seen = new Set()
  for (const file of [pages[0], own[0]]) {
    const text = fs.readFileSync(file)
    const parts = ['"nodes":[', '"edges":[', '"locations":[', '"strings":['].map((part) => text.indexOf(part))
    for (const at of [0, 1, 100, ...parts.flatMap((part) => [part + 3, part + 12]), text.length >> 1, text.length - 1000, text.length - 2]) {
      const cut = path.join(dir, 'cut.heapsnapshot')
      fs.writeFileSync(cut, text.subarray(0, at))
      await assert.rejects(findSuspects(cut), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT' }, String(at))
      await assert.rejects(findSuspects([file, cut]), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT' }, String(at))
      try {
        const report = await questioned([cut], { salvage: true })
        assert.match(report.damage, /byte \d+/)
        seen.add('marked')
      } catch (error) {
        assert.equal(error.code, 'HEAPWARDEN_CORRUPT_SNAPSHOT', error.stack)
        seen.add('refused')
      }
    }
  }
  assert.deepEqual([...seen].sort(), ['marked', 'refused'])
})

'use strict'

// A snapshot file is what V8 writes: same meta, consistent counts, whatever the compression.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { finish } = require('../support/programs')

const noZstd = spawnSync('zstd', ['--version']).error && 'the command zstd is not installed'
const MAGIC = Buffer.from('28b52ffd', 'hex') // of zstd's data frames
const SKIPPABLE = /^5[0-9a-f]2a4d18$/

let dir
let official
let taken
before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-shape-'))
  const lines = await finish('shapes', [dir])
  const { files } = lines[0]
  taken = new Map(lines.slice(1).map(({ name, info }) => [name, info]))
  official = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, JSON.parse(fs.readFileSync(file))]))
})
after(() => fs.rmSync(dir, { recursive: true, force: true }))

// 64 MiB: the JSON of the program has a tenth of that.
const zstdcat = (file) => JSON.parse(execFileSync('zstd', ['-dc', file], { maxBuffer: 64 << 20 }))

/** Throws unless the numbers of `heap` agree with one another and its shape with V8's own. */
function check (heap, own = official.plain) {
  assert.deepEqual(Object.keys(heap), Object.keys(own))
  assert.deepEqual(Object.keys(heap.snapshot), Object.keys(own.snapshot))
  assert.deepEqual(heap.snapshot.meta, own.snapshot.meta)
  const { meta, node_count: nodes, edge_count: edges } = heap.snapshot
  const width = meta.node_fields.length
  assert.equal(heap.nodes.length, nodes * width)
  assert.equal(heap.edges.length, edges * meta.edge_fields.length)
  const [name, edgeCount] = ['name', 'edge_count'].map((field) => meta.node_fields.indexOf(field))
  let sum = 0
  for (let at = 0; at < heap.nodes.length; at += width) {
    sum += heap.nodes[at + edgeCount]
    if (!(heap.nodes[at + name] < heap.strings.length)) assert.fail(`node ${at / width} has no name`)
  }
  assert.equal(sum, edges, 'the edges of all nodes together')
  assert.ok(heap.strings.includes('ShapeOfASnapshot'))
  // The same process a moment later: about as many of everything.
  for (const [what, ours, theirs] of [['nodes', nodes, own.snapshot.node_count], ['edges', edges, own.snapshot.edge_count],
    ['strings', heap.strings.length, own.strings.length]]) {
    assert.ok(Math.abs(ours / theirs - 1) < 0.05, `${ours} ${what}, V8 wrote ${theirs}`)
  }
}

for (const name of ['level 1', 'level 3', 'level 9', 'no level']) {
  test(`zstd -dc gives V8's JSON, ${name}`, { skip: noZstd }, () => {
    const info = taken.get(name)
    const heap = zstdcat(info.path)
    check(heap)
    assert.equal(heap.snapshot.node_count, info.nodes)
    const bytes = fs.readFileSync(info.path)
    assert.match(bytes.toString('hex', 0, 4), SKIPPABLE, 'metadata first')
    assert.ok(bytes.includes(MAGIC))
    assert.equal(bytes.length, info.bytes)
    assert.ok(info.bytes < info.rawBytes / 3, `${info.bytes} bytes of ${info.rawBytes}`)
    execFileSync('zstd', ['-tq', info.path])
  })
}

test('level 0 and a path that ends in .heapsnapshot give the JSON itself', () => {
  assert.match(taken.get('level 0').path, /\.heapsnapshot$/)
  assert.equal(path.basename(taken.get('exact path').path), 'exact.heapsnapshot')
  for (const name of ['level 0', 'exact path']) {
    const info = taken.get(name)
    const text = fs.readFileSync(info.path)
    assert.equal(text.length, info.rawBytes)
    assert.equal(info.bytes, info.rawBytes)
    check(JSON.parse(text))
    assert.equal(fs.statSync(info.path).mode & 0o777, 0o600)
  }
})

test('numbers are in it if asked for, and only then', { skip: noZstd }, () => {
  const number = '1234.567'
  assert.ok(!official.plain.strings.includes(number) && official.numeric.strings.includes(number), "V8's own")
  assert.ok(!zstdcat(taken.get('no level').path).strings.includes(number))
  const heap = zstdcat(taken.get('numbers').path)
  assert.ok(heap.strings.includes(number))
  check(heap, official.numeric)
})

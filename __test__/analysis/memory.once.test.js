'use strict'

// What an analysis takes is never far above maxMemory, however strange the snapshot is: measured on whole processes.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { findSuspects } = require('../..')
const { node, root, tempDir } = require('../support/helpers')

const MIB = 1024 * 1024

/** The head of a snapshot with two nodes and an edge between them. */
const HEAD = `{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count"],
  "node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic"],"string","number","number","number"],
  "edge_fields":["type","name_or_index","to_node"],"edge_types":[["context","element","property"],"string_or_number","node"],
  "location_fields":["object_index","script_id","line","column"]},"node_count":2,"edge_count":1},
  "nodes":[9,0,1,0,1,3,1,3,48,0],"edges":[2,1,5]`

const files = {
  'millions of empty strings': `${HEAD},"strings":["","Foo"${',""'.repeat(5_000_000)}]}`,
  'one long string': `${HEAD},"strings":["","Foo","${'x'.repeat(60_000_000)}"]}`,
  'millions of locations of one node': `${HEAD},"locations":[0,0,0,0${',0,0,0,0'.repeat(2_000_000)}],"strings":["","Foo"]}`,
  'a class for each of its nodes': classes(150_000)
}

function classes (count) {
  const row = (text) => Array.from({ length: count }, (_, i) => text(i)).join(',')
  return HEAD.replace('"node_count":2,"edge_count":1', `"node_count":${count + 1},"edge_count":${count}`)
    .replace(/"nodes.*$/s, `"nodes":[9,0,1,0,${count},${row((i) => `3,${i},${2 * i + 3},16,0`)}],"edges":[${row((i) => `1,${i + 1},${5 * (i + 1)}`)}],
      "strings":[${row((i) => `"Class${i}"`)}]}`)
}

/** Prints the code it failed with and by how much its memory has grown at the most. */
const program = (file, maxMemory) => `
  const { readFileSync, writeFileSync } = require('node:fs')
  const { summarize } = require(${JSON.stringify(root)})
  const kB = (name) => Number(new RegExp(name + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1])
  writeFileSync('/proc/self/clear_refs', '5')
  const before = kB('VmRSS')
  summarize(${JSON.stringify(file)}, { maxMemory: ${maxMemory} }).then(() => 'done', (error) => error.code)
    .then((end) => console.log(JSON.stringify({ end, grown: (kB('VmHWM') - before) * 1024 })))`

for (const [what, json] of Object.entries(files)) {
  test(`maxMemory holds for ${what}`, { skip: process.platform !== 'linux' }, async (t) => {
    const file = path.join(tempDir(t), 'x.heapsnapshot')
    fs.writeFileSync(file, json)
    const maxMemory = 35e6
    const { stdout, stderr } = await node(['-e', program(file, maxMemory)])
    const { end, grown } = JSON.parse(stdout || JSON.stringify({ stderr }))
    assert.equal(end, 'HEAPWARDEN_MEMORY_BUDGET', stderr)
    // What the process itself takes to load and to answer comes on top.
    assert.ok(grown < maxMemory + 10e6, `${grown} bytes`)
  })
}

/** Prints by how much the memory of a process that looks for suspects grows at the most. */
const suspecting = (files) => `
  const { readFileSync, writeFileSync } = require('node:fs')
  const { findSuspects } = require(${JSON.stringify(root)})
  const kB = (name) => Number(new RegExp(name + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1])
  writeFileSync('/proc/self/clear_refs', '5')
  const before = kB('VmRSS')
  findSuspects(${JSON.stringify(files)}).then(() => console.log(JSON.stringify({ grown: (kB('VmHWM') - before) * 1024 })))`

const heaps = {
  'a table of many entries': 'for (let i = 0; i < 150_000; i++) cache.set(`/page/${i}`, { url: `/page/${i}`, body: `${i} ` })',
  'many lists of the same objects': `
    const all = Array.from({ length: 40_000 }, (_, id) => ({ id }))
    for (let i = 0; i < 40; i++) cache.set(i, all.slice())`
}

for (const [what, filling] of Object.entries(heaps)) {
  test(`suspects take what is estimated, and not much less: ${what}`, { skip: process.platform !== 'linux' }, async (t) => {
    const dir = tempDir(t)
    const files = ['before', 'after'].map((name) => path.join(dir, `${name}.heapsnapshot`))
    const [before, after] = files.map((file) => JSON.stringify(file))
    await node(['-e', `const cache = new Map(); ${filling}; const v8 = require('v8'); v8.writeHeapSnapshot(${before}); cache.set('last', {}); v8.writeHeapSnapshot(${after})`])
    const error = await findSuspects(files[1], { maxMemory: 1 }).catch((error) => error)
    const [, figure] = /needs about ([\d.]+) MiB/.exec(error.message)
    for (const given of [files.slice(1), files]) {
      const { stdout, stderr } = await node(['-e', suspecting(given)])
      const { grown } = JSON.parse(stdout || JSON.stringify({ stderr }))
      t.diagnostic(`${given.length}: estimated ${figure} MiB, grown by ${(grown / MIB).toFixed(1)} MiB`)
      assert.ok(grown < figure * MIB + 10e6, `${grown} bytes`)
      assert.ok(grown > figure * MIB * 0.5, `${grown} bytes`)
    }
  })
}

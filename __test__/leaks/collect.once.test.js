'use strict'

// The truth table's harness: what the table says of a program is what its snapshots show, or all that is measured by them means nothing.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { collect, rows } = require('./collect')
const { compare, findPaths, summarize } = require('../..')
const { tempDir } = require('../support/helpers')

const row = (name) => rows().find((one) => one.name === name)

test('a program under load: a snapshot before each round and after the last, one entry for each request', async (t) => {
  const out = tempDir(t)
  const paths = await collect({ ...row('page-cache'), warmUp: 20, perRound: 30 }, { out })
  assert.deepEqual(paths, [1, 2, 3].map((number) => path.join(out, 'page-cache', `${number}.heapsnapshot.zst`)))
  const { classes } = await compare(paths)
  // One more is its empty form, by which V8 makes the others.
  assert.deepEqual(classes.find(({ name }) => name === '{title, html, rows, renderedAt}').counts, [21, 51, 81])
})

test('in a worker thread: the snapshots are of its heap', async (t) => {
  const paths = await collect({ ...row('image-resizer'), warmUp: 5, perRound: 10, rounds: 1 }, { out: tempDir(t) })
  assert.equal(paths.length, 2)
  const [held] = await findPaths(paths[1], { className: '{colours}' })
  assert.match(held.text, /thumbnails/)
  assert.ok(held.count >= 15 * 50, `${held.count} rows`)
  const { classes } = await summarize(paths[1])
  assert.ok(classes.some(({ name }) => name === 'WritableWorkerStdio'), 'a worker\'s own stdout')
  assert.ok(!classes.some(({ name }) => name === 'Control'), 'the channel to the parent is another thread\'s')
})

test('at rest the connections are closed; under load they are in the snapshot', async (t) => {
  const sockets = async (duringLoad) => {
    const [file] = await collect({ ...row('page-cache'), warmUp: 40, rounds: 0, duringLoad, connections: 8 }, { out: tempDir(t) })
    return (await summarize(file)).classes.find(({ name }) => name === 'Socket')?.count ?? 0
  }
  const [calm, busy] = [await sockets(false), await sockets(true)]
  // One may be left in a list of Node's own.
  assert.ok(calm <= 1, `${calm} at rest`)
  assert.ok(busy >= 8, `${busy} under load`)
})

test('requests that are never answered are given up, and their program comes to rest', async (t) => {
  const [, second] = await collect({ ...row('event-stream'), warmUp: 10, perRound: 20, rounds: 1 }, { out: tempDir(t) })
  const [held] = await findPaths(second, { className: 'ServerResponse' })
  assert.ok(held.count > 0)
})

test('a program that breaks is told of with what it has said', async (t) => {
  const out = tempDir(t)
  const program = path.join(out, 'broken.js')
  fs.writeFileSync(program, "module.exports = require('node:http').createServer(() => { throw new Error('no such table: orders') })\n")
  await assert.rejects(collect({ name: 'broken', program }, { out }), /^Error: broken: [^]*no such table: orders/)
})

test('each row has its program, and what suspect no. 1 must be', () => {
  const all = rows()
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
  for (const { name, kinds, holder, file = /./, alone = false } of all) {
    assert.ok(kinds.length > 0 && holder instanceof RegExp && file instanceof RegExp && typeof alone === 'boolean', name)
  }
})

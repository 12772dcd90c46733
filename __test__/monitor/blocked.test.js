'use strict'

// The event loop is blocked by an endless loop that allocates. The program cannot speak meanwhile: what is
// known of it is the folder, and afterwards the times it tells.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { setTimeout: wait } = require('node:timers/promises')
const { capabilities, openSnapshot } = require('../..')
const { readJson, tempDir } = require('../support/helpers')
const { appears, isFinal, start } = require('../support/programs')

const { whileBlocked } = capabilities
/** Absence cannot be awaited: ten times what a monitor at 100 ms needs at most. */
const LONG_ENOUGH_MS = 2000

function begin (t, kind) {
  const dir = tempDir(t)
  const marker = path.join(tempDir(t), 'stop')
  const program = start('blocked', [kind, dir, marker])
  t.after(() => program.child.kill('SIGKILL'))
  const line = (type) => program.line((said) => said.type === type)
  return { ...program, dir, line, release: () => fs.writeFileSync(marker, '') }
}

test('the breach is found and its snapshot complete before the loop ends', { skip: !whileBlocked.available && whileBlocked.reason }, async (t) => {
  const program = begin(t, 'heapwarden')
  await program.line('blocked')
  const name = await Promise.race([
    appears(program.dir, t.signal, isFinal),
    program.ended.then(({ stderr, lines }) => assert.fail(`it ended first: ${JSON.stringify(lines)} ${stderr}`))
  ])

  // The loop still runs, and the file can be read to its end.
  assert.deepEqual(program.lines.map(({ type }) => type), ['blocked'])
  assert.deepEqual(fs.readdirSync(program.dir), [name])
  const { snapshot, nodes } = await readJson(openSnapshot(path.join(program.dir, name)))
  assert.equal(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length)
  assert.deepEqual(program.lines.map(({ type }) => type), ['blocked'])

  program.release()
  const released = await program.line('released')
  assert.equal(released.deadline, false, 'the loop ended because it was told to')
  const heap = await program.line('heap')
  const told = await program.line('snapshot')
  assert.equal((await program.ended).status, 0)
  assert.ok(heap.at < told.at && told.at < released.at, `breach ${heap.at}, snapshot ${told.at}, loop's end ${released.at}`)
  assert.ok(heap.loopBlocked > 0, 'the sample says that the loop does not turn')
  assert.ok(heap.heapAge < heap.loopBlocked, `V8's figures are ${heap.heapAge} ms old, the loop blocked for ${heap.loopBlocked}`)
  assert.equal(path.basename(told.path), name)
  assert.equal(told.nodes, snapshot.node_count)
})

test('the same program with setInterval and process.memoryUsage() finds nothing', async (t) => {
  const program = begin(t, 'timer')
  await program.line('blocked')
  await wait(LONG_ENOUGH_MS)
  assert.deepEqual(program.lines.map(({ type }) => type), ['blocked'])
  program.release()
  const { at } = await program.line('released')
  // The timer itself works: it sees afterwards what it slept through.
  assert.ok((await program.line('heap')).at >= at)
})

test('without V8\'s interface rss is still judged, and the snapshot waits for the loop', { skip: whileBlocked.available && 'V8 is reached here' }, async (t) => {
  assert.match(whileBlocked.reason, /\S/)
  const program = begin(t, 'heapwarden')
  await program.line('blocked')
  await wait(LONG_ENOUGH_MS)
  assert.deepEqual(fs.readdirSync(program.dir), [])
  program.release()
  const { at } = await program.line('released')
  const rss = await program.line('rss')
  const heap = await program.line('heap')
  const snapshot = await program.line('snapshot')
  assert.ok(rss.at < at, 'the kernel tells rss without the loop')
  assert.ok(rss.loopBlocked > 0)
  assert.ok(heap.at >= at && snapshot.at >= at)
  assert.equal((await program.ended).status, 0)
})

'use strict'

// A thread that comes neither to its loop nor to a stack guard leaves an image all the same, from a signal; and then goes on as if
// nothing had been.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { ask, capabilities, summarize, thaw } = require('../..')
const { tempDir } = require('../support/helpers')
const { appears, start } = require('../support/programs')

const { available, reason } = capabilities.snapshots.image
const options = { skip: (!available && reason) || (!capabilities.snapshots.fork.available && capabilities.snapshots.fork.reason) }
const isFile = (name) => /\.heap(image|snapshot)\.zst$/.test(name) && !name.startsWith('.')

/** Runs stuck.js; its file is there before it is released, and its results are right. */
async function evidence (t, how) {
  const dir = tempDir(t)
  const program = start('stuck', [JSON.stringify({ dir, ...how })])
  t.after(() => program.child.kill('SIGKILL'))
  await program.line(({ type }) => type === 'stuck')
  const name = await Promise.race([
    appears(dir, t.signal, isFile),
    program.ended.then(({ stderr, lines }) => assert.fail(`it ended first: ${JSON.stringify(lines)} ${stderr}`))
  ])
  assert.deepEqual(program.lines.map(({ type }) => type), ['stuck'], 'it is stuck still')
  const { status, stderr, lines } = await program.ended
  assert.deepEqual([status, stderr], [0, ''])
  assert.deepEqual(lines.find(({ type }) => type === 'right'), { type: 'right', sessions: 20_000 })
  const info = lines.find(({ type }) => type === 'snapshot')
  assert.equal(path.basename(info.path), name)
  assert.equal(info.trigger, 'rule:blocked')
  return info
}

/** It holds what the process held. */
async function isWhole (t, { path: image }) {
  assert.equal(await ask(image, 'sessions.get("id 7").user'), 'user 7')
  const { path: file, nodes } = await thaw(image, { path: path.join(tempDir(t), 'a.heapsnapshot.zst') })
  assert.ok(nodes > 60_000, `${nodes} nodes`)
  const { classes } = await summarize(file)
  assert.equal(classes.find(({ name }) => name === 'Session').count, 20_000)
}

for (const kind of ['pbkdf2', 'spawn']) {
  test(`stuck in one call: ${kind}`, options, async (t) => {
    const info = await evidence(t, { kind })
    assert.deepEqual([info.form, info.mode, info.threadId], ['image', 'fork', 0])
    assert.match(info.reason, /came to no stack guard/)
    assert.ok(info.pauseMs > 0 && info.pauseMs < 5000, `${info.pauseMs} ms`)
    await isWhole(t, info)
  })
}

test('a worker that is stuck', options, async (t) => {
  const info = await evidence(t, { kind: 'pbkdf2', worker: true })
  assert.deepEqual([info.form, info.mode, info.threadId], ['image', 'fork', 1])
  await isWhole(t, info)
})

test('where no child may be forked it is frozen in place', options, async (t) => {
  const info = await evidence(t, { kind: 'pbkdf2', snapshots: { mode: 'inline', form: 'image' } })
  assert.deepEqual([info.form, info.mode], ['image', 'inline'])
  await isWhole(t, info)
})

for (const kind of ['regex', 'sort', 'loop']) {
  test(`busy, and V8 may be served: ${kind}`, options, async (t) => {
    const info = await evidence(t, { kind, snapshots: { form: 'image' } })
    assert.equal(info.form, 'image')
    await isWhole(t, info)
  })
}

test('who wants no image waits for a stack guard', options, async (t) => {
  const dir = tempDir(t)
  const program = start('stuck', [JSON.stringify({ dir, kind: 'pbkdf2', snapshots: { form: 'snapshot' } })])
  t.after(() => program.child.kill('SIGKILL'))
  const released = await program.line(({ type }) => type === 'released')
  assert.deepEqual(fs.readdirSync(dir).filter(isFile), [])
  const info = await program.line(({ type }) => type === 'snapshot')
  assert.ok(info.at >= released.at)
  assert.equal(info.form, 'snapshot')
  assert.equal((await program.ended).status, 0)
})

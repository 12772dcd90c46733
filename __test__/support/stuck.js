'use strict'

// Runs programs/stuck.js, whose thread comes neither to its loop nor to a stack guard, and looks at the image that it leaves.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { ask, capabilities, summarize, thaw } = require('../..')
const { tempDir } = require('./helpers')
const { appears, start } = require('./programs')

const { available, reason } = capabilities.snapshots.image
/** Of a test: where it cannot be. */
const options = { skip: (!available && reason) || (!capabilities.snapshots.fork.available && capabilities.snapshots.fork.reason) }
const isFile = (name) => /\.heap(image|snapshot)\.zst$/.test(name) && !name.startsWith('.')

/** Runs stuck.js; its file is there before it is released, and its results are right. */
async function evidence (t, how) {
  const dir = tempDir(t)
  const go = path.join(tempDir(t), 'go')
  const program = start('stuck', [JSON.stringify({ dir, go, ...how })])
  t.after(() => program.child.kill('SIGKILL'))
  await program.line(({ type }) => type === 'stuck')
  const name = await Promise.race([
    appears(dir, t.signal, isFile),
    program.ended.then(({ stderr, lines }) => assert.fail(`it ended first: ${JSON.stringify(lines)} ${stderr}`))
  ])
  assert.deepEqual(program.lines.map(({ type }) => type), ['stuck'], 'it is stuck still')
  fs.writeFileSync(go, '')
  const { status, stderr, lines } = await program.ended
  assert.deepEqual([status, stderr], [0, ''])
  assert.deepEqual(lines.find(({ type }) => type === 'right'), { type: 'right', sessions: 20_000 })
  const info = lines.find(({ type }) => type === 'snapshot')
  assert.equal(path.basename(info.path), name)
  assert.equal(info.trigger, 'rule:blocked')
  return info
}

/** It answers. */
async function answers ({ path: image }) {
  assert.equal(await ask(image, 'sessions.get("id 7").user'), 'user 7')
}

/** It holds what the process held. */
async function isWhole (t, { path: image }) {
  const { path: file, nodes } = await thaw(image, { path: path.join(tempDir(t), 'a.heapsnapshot.zst') })
  assert.ok(nodes > 60_000, `${nodes} nodes`)
  const { classes } = await summarize(file)
  assert.equal(classes.find(({ name }) => name === 'Session').count, 20_000)
}

module.exports = { answers, evidence, isFile, isWhole, options }

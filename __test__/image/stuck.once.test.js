'use strict'

// Ways of being stuck beside those of stuck.test.js.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { heldDump } = require('../support/forks')
const { tempDir } = require('../support/helpers')
const { appears, start } = require('../support/programs')
const { answers, evidence, isFile, isWhole, options } = require('../support/stuck')

test('a thread that computes', options, async (t) => {
  const info = await evidence(t, { kind: 'pbkdf2' })
  assert.deepEqual([info.form, info.mode, info.threadId], ['image', 'fork', 0])
  assert.match(info.reason, /came to no stack guard/)
  assert.ok(info.pauseMs > 0 && info.pauseMs < 5000, `${info.pauseMs} ms`)
  await isWhole(t, info)
})

test('a worker that is stuck', options, async (t) => {
  const info = await evidence(t, { kind: 'spawn', worker: true })
  assert.deepEqual([info.form, info.mode, info.threadId], ['image', 'fork', 1])
  await isWhole(t, info)
})

for (const kind of ['regex', 'sort', 'loop']) {
  test(`busy, and V8 may be served: ${kind}`, options, async (t) => {
    const info = await evidence(t, { kind, snapshots: { form: 'image' } })
    assert.equal(info.form, 'image')
    await answers(info)
  })
}

test('one whose process is killed while its child writes: the child gives the file its name', options, async (t) => {
  const dir = tempDir(t)
  const go = path.join(tempDir(t), 'go')
  const program = start('stuck', [JSON.stringify({ dir, go, kind: 'spawn' })])
  t.after(() => program.child.kill('SIGKILL'))
  const found = appears(dir, t.signal, isFile)
  found.catch(() => {})
  const child = await heldDump(t, program.child.pid)
  program.child.kill('SIGKILL')
  // Its own child ends as well.
  fs.writeFileSync(go, '')
  await program.ended
  process.kill(child, 'SIGCONT')
  await answers({ path: path.join(dir, await found) })
})

test('who wants no image waits for a stack guard', options, async (t) => {
  const dir = tempDir(t)
  const program = start('stuck', [JSON.stringify({ dir, kind: 'pbkdf2', snapshots: { form: 'snapshot', timeout: '60s' } })])
  t.after(() => program.child.kill('SIGKILL'))
  const released = await program.line(({ type }) => type === 'released')
  assert.deepEqual(fs.readdirSync(dir).filter(isFile), [])
  const info = await program.line(({ type }) => type === 'snapshot')
  assert.ok(info.at >= released.at)
  assert.equal(info.form, 'snapshot')
  assert.equal((await program.ended).status, 0)
})

'use strict'

// `freezeOn`: a signal finds an image written before it takes its course, whatever the process does when it comes; and its
// course is the one that it would have taken.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')
const { ask, capabilities } = require('../..')
const { list } = require('../../lib/monitor/snapshots')
const { tempDir } = require('../support/helpers')
const { start } = require('../support/programs')
const { options } = require('../support/stuck')

/** Runs programs/freeze-on.js until it is ready. */
async function begin (t, how = {}, env = {}) {
  const dir = tempDir(t)
  const program = start('freeze-on', [JSON.stringify({ dir, ...how })], { env: { ...process.env, ...env }, deadline: 60_000 })
  t.after(() => program.child.kill('SIGKILL'))
  const ready = await program.line(({ type }) => type === 'ready')
  return { dir, ready, ...program }
}

/** The one image in `dir`: it is whole, is called after `trigger`, and holds what the process held. */
async function isTheImage (dir, trigger = 'SIGTERM') {
  const [image, ...more] = await list(dir)
  assert.deepEqual(more, [])
  assert.deepEqual([image.form, image.trigger, image.complete], ['image', trigger, true])
  assert.equal(await ask(image.path, 'sessions.get("id 7").user'), 'user 7')
  return image
}

const none = (dir) => assert.deepEqual(fs.readdirSync(dir).filter((name) => name.includes('.heap')), [])

for (const does of ['idle', 'loop', 'pbkdf2']) {
  test(`a process that nobody's listener keeps ends by the signal, with its image (${does})`, options, async (t) => {
    const { child, dir, ended } = await begin(t, { does })
    child.kill('SIGTERM')
    const { status, signal, stderr } = await ended
    assert.deepEqual([status, signal], [null, 'SIGTERM'])
    const image = await isTheImage(dir)
    assert.equal(stderr, `heapwarden: SIGTERM; its image is ${image.path}\n`)
  })
}

for (const listens of ['before', 'after']) {
  test(`the host's own listener, there ${listens} the watch, finds the image and does what it would`, options, async (t) => {
    const { child, dir, ended } = await begin(t, { listens })
    child.kill('SIGTERM')
    const { status, signal, lines } = await ended
    assert.deepEqual([status, signal], [3, null])
    const heard = lines.filter(({ type }) => type === 'heard')
    const image = await isTheImage(dir)
    assert.deepEqual(heard, [{ type: 'heard', signal: 'SIGTERM', files: [path.basename(image.path)] }])
  })
}

for (const [does, buffers] of [['idle', true], ['loop', false], ['pbkdf2', false]]) {
  // In native code a copy answers late: on one Node is enough.
  const skip = options.skip || (does === 'pbkdf2' && !process.version.startsWith('v22.') && 'asked on Node 22')
  test(`in place, where no child is wanted (${does}${buffers ? '' : ', without the contents of Buffers'})`, { ...options, skip }, async (t) => {
    const { child, dir, ended } = await begin(t, { does, watch: { snapshots: { mode: 'inline', form: 'image', images: { buffers } } } })
    child.kill('SIGTERM')
    const { signal, stderr } = await ended
    assert.equal(signal, 'SIGTERM', stderr)
    const image = await isTheImage(dir)
    assert.deepEqual([image.mode, image.buffers], ['inline', buffers])
  })
}

test('without the contents of Buffers, where none are wanted', options, async (t) => {
  const { child, dir, ended } = await begin(t, { watch: { snapshots: { images: { buffers: false } } } })
  child.kill('SIGTERM')
  const { signal, stderr } = await ended
  assert.equal(signal, 'SIGTERM')
  const image = await isTheImage(dir)
  assert.deepEqual([image.buffers, stderr], [false, `heapwarden: SIGTERM; its image is ${image.path}\n`])
})

test('a process that lives on: every signal is heard, one image is written at a time, and one of each signal', options, async (t) => {
  const { child, dir, ended, line, lines } = await begin(t, { listens: 'after' })
  child.kill('SIGUSR2')
  await line(({ type }) => type === 'snapshot')
  await line(({ type }) => type === 'heard')
  child.kill('SIGUSR2')
  await line((said) => said.type === 'heard' && said !== lines.find(({ type }) => type === 'heard'))
  await isTheImage(dir, 'SIGUSR2')
  child.kill('SIGTERM')
  const { status } = await ended
  assert.equal(status, 3)
  assert.deepEqual(lines.filter(({ type }) => type === 'heard').map(({ signal }) => signal), ['SIGUSR2', 'SIGUSR2', 'SIGTERM'])
  assert.deepEqual((await list(dir)).map(({ trigger }) => trigger), ['SIGTERM', 'SIGUSR2'])
})

test('who does not wait for it sends the signal again', options, async (t) => {
  // The image would be there after more than a second, in which V8 is asked in vain.
  const { child, dir, ended } = await begin(t, { does: 'pbkdf2' })
  child.kill('SIGTERM')
  // Later than what counts as sent twice at once, a quarter of a second.
  await sleep(600)
  child.kill('SIGTERM')
  const { signal } = await ended
  assert.equal(signal, 'SIGTERM')
  assert.deepEqual(await list(dir), [])
})

test('what was there before is there again after stop()', options, async (t) => {
  const { child, dir, ready: { before, during, after }, ended } = await begin(t, { stops: true })
  assert.notEqual(during, before)
  assert.equal(after, before)
  child.kill('SIGTERM')
  const { signal, stderr } = await ended
  assert.deepEqual([signal, stderr], ['SIGTERM', ''])
  none(dir)
})

for (const [why, how, env] of [
  ['redact', { watch: { snapshots: { redact: true } } }],
  ['images: false', { watch: { snapshots: { images: false } } }],
  ["form is 'snapshot'", { watch: { snapshots: { form: 'snapshot' } } }],
  ['HEAPWARDEN_IMAGES=off', {}, { HEAPWARDEN_IMAGES: 'off' }],
  ['no image can be had here', {}, { HEAPWARDEN_PORTABLE: '1' }],
  ['no image can be had here', {}, { HEAPWARDEN_NATIVE: '0' }]
]) {
  test(`where there are no images it is said, and the signal is nobody's (${env ? Object.keys(env)[0] : why})`, async (t) => {
    const { child, dir, ready: { before, during }, ended } = await begin(t, how, env)
    assert.equal(during, before)
    child.kill('SIGTERM')
    const { signal, stderr } = await ended
    assert.equal(signal, 'SIGTERM')
    if (capabilities.snapshots.image.available || env) assert.ok(stderr.includes(why), stderr)
    assert.match(stderr, /HEAPWARDEN_UNSUPPORTED\] HeapwardenWarning: freezeOn: SIGTERM, SIGUSR2: /)
    none(dir)
  })
}

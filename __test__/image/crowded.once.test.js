'use strict'

// Where not even a thread is to be had, a process that watches is frozen in place all the same, by a thread that is there for it.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const { test } = require('node:test')
const { tempDir } = require('../support/helpers')
const { fullPidsGroup } = require('../support/pids-group')
const { start } = require('../support/programs')
const { capabilities, thaw } = require('../..')

const { image } = capabilities.snapshots
const skip = !image.available && image.reason

/** Nobody else's, so that only this program counts against the limit. */
const UID = 64_323
const notRoot = (process.getuid?.() !== 0 && 'changes its user, which only root may') || (spawnSync('prlimit', ['--version']).status !== 0 && 'needs prlimit(1)')

/** Starts the program; `say` gives it a line, `next` is how the next order ends. */
async function crowded (t, options) {
  const { child, line, lines, ended } = start('crowded', [JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const { threads } = await line(({ type }) => type === 'ready')
  let heard = 0
  const ends = () => lines.filter(({ type }) => type === 'taken' || type === 'failed')
  const next = async () => {
    heard++
    await line(() => ends().length >= heard)
    return ends()[heard - 1]
  }
  return { child, ended, line, next, threads, say: (what) => child.stdin.write(`${JSON.stringify(what)}\n`) }
}

const kept = (dir) => fs.readdirSync(dir).filter((name) => name !== 'objects')

test('in a full pids group an order comes to an image in place by itself, one after the other', { skip }, async (t) => {
  const dir = tempDir(t)
  const { child, ended, line, next, say } = await crowded(t, { watch: { snapshots: { dir, maxPause: '1m' } } })
  const count = fullPidsGroup(t, child.pid)
  if (!count) return
  const order = { dir, maxPause: '1m' }
  say({ orders: [order] })
  const { info, message, ours } = await next()
  assert.deepEqual([info?.form, info?.mode], ['image', 'inline'], message)
  assert.deepEqual(ours.sort(), ['heapwarden', 'heapwarden-idle'])
  assert.match(info.reason, new RegExp(`of the ${count} processes and threads .* ${count} exist`))
  assert.equal(info.reason.match(/raise the pids limit/g).length, 1, info.reason)
  const { complete, nodes } = await thaw(info.path)
  assert.ok(complete && nodes > 10_000, `${nodes} nodes`)

  // Orders of one process wait for each other: the second is conducted by whoever has ended the first.
  say({ orders: [{ ...order, trigger: 'one' }, { ...order, form: 'image', mode: 'inline', trigger: 'two' }] })
  for (const trigger of ['one', 'two']) {
    const { info, message } = await next()
    assert.deepEqual([info?.trigger, info?.form, info?.mode], [trigger, 'image', 'inline'], message)
  }
  say({ rules: [{ name: 'mine', metric: 'rss', above: 1, do: ['snapshot'] }] })
  const ruled = await next()
  assert.deepEqual([ruled.info?.trigger, ruled.info?.form, ruled.info?.mode], ['rule:mine', 'image', 'inline'], ruled.message)
  say({ stop: true })
  await line(({ type }) => type === 'stopped')
  const { status, stderr } = await ended
  assert.equal(status, 0, stderr)
})

test('there an image that takes too long is refused with all figures, and a snapshot is written by that thread', { skip }, async (t) => {
  const dir = tempDir(t)
  const { child, next, say } = await crowded(t, { watch: {} })
  if (!fullPidsGroup(t, child.pid)) return
  say({ orders: [{ dir, maxPause: 0 }] })
  const { code, message } = await next()
  assert.equal(code, 'HEAPWARDEN_CAPTURE_FAILED')
  assert.match(message, /^a snapshot by fork needs a process [^;]* exist; raise the pids limit; an image in place would stop JavaScript for about [^;]*, and maxPause allows 0ms$/)
  assert.deepEqual(kept(dir), [])
  say({ orders: [{ dir, form: 'snapshot' }] })
  const { info, message: why } = await next()
  assert.deepEqual([info?.form, info?.mode, info?.complete], ['snapshot', 'inline', true], why)
})

test('whom the kernel refuses threads for its user too; also when the worker is gone that watched first', { skip: skip || notRoot }, async (t) => {
  const dir = tempDir(t)
  fs.chmodSync(dir, 0o777)
  const { child, next, say, threads } = await crowded(t, { uid: UID, watch: {}, worker: true })
  execFileSync('prlimit', [`--pid=${child.pid}`, `--nproc=${threads}`], { uid: UID, gid: UID })
  say({ orders: [{ dir, maxPause: '1m' }] })
  const { info, message } = await next()
  assert.deepEqual([info?.form, info?.mode], ['image', 'inline'], message)
  assert.match(info.reason, /the kernel refuses: .*unavailable/)
})

test('who does not watch is told that there is no thread', { skip }, async (t) => {
  const dir = tempDir(t)
  const { child, next, say } = await crowded(t, {})
  const count = fullPidsGroup(t, child.pid)
  if (!count) return
  say({ orders: [{ dir, maxPause: '1m' }] })
  const { code, message } = await next()
  assert.equal(code, 'HEAPWARDEN_CAPTURE_FAILED')
  assert.match(message, new RegExp(`^no thread to conduct with: .*; of the ${count} processes and threads .* ${count} exist; raise the pids limit$`))
  assert.deepEqual(kept(dir), [])
})

test('a signal that is held back leaves its image there', { skip }, async (t) => {
  const dir = tempDir(t)
  const { child, line, ended } = start('freeze-on', [JSON.stringify({ dir })])
  t.after(() => child.kill('SIGKILL'))
  await line(({ type }) => type === 'ready')
  if (!fullPidsGroup(t, child.pid)) return
  child.kill('SIGTERM')
  const { signal, stderr } = await ended
  assert.equal(signal, 'SIGTERM', stderr)
  assert.match(stderr, /SIGTERM; its image is /)
  assert.match(kept(dir).join(), /sigterm.*\.heapimage\.zst$/)
})

test('a watch that ends there needs no thread of Node\'s pool, which ends a process that cannot have them', { skip }, async (t) => {
  const { child, ended, line, say } = await crowded(t, { watch: {}, cold: true })
  if (!fullPidsGroup(t, child.pid)) return
  say({ stop: true })
  await line(({ type }) => type === 'stopped')
  const { status, stderr } = await ended
  assert.equal(status, 0, stderr)
})

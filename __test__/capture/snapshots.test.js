'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { openSnapshot, takeSnapshot, watch } = require('../..')
const native = require('../../lib/addon/native')
const { node, readJson, root, tempDir } = require('../support/helpers')

test('takes a snapshot that says of itself what it is', async (t) => {
  const dir = tempDir(t)
  const info = await takeSnapshot({ dir, trigger: 'test' })
  assert.equal(path.dirname(info.path), dir)
  assert.match(info.path, /\.heapsnapshot\.zst$/)
  assert.equal(info.bytes, fs.statSync(info.path).size)
  assert.equal(fs.statSync(info.path).mode & 0o777, 0o600)
  assert.deepEqual([info.trigger, info.pid, info.nodeVersion, info.complete], ['test', process.pid, process.version, true])
  const json = await readJson(openSnapshot(info.path))
  assert.equal(json.snapshot.node_count, info.nodes)
})

test('level 0 is plain JSON at an exact path, and opens the same way', async (t) => {
  const file = path.join(tempDir(t), 'a.heapsnapshot')
  const info = await takeSnapshot({ path: file, level: 0 })
  assert.equal(info.path, file)
  assert.equal(info.rawBytes, info.bytes)
  assert.deepEqual(await readJson(openSnapshot(file)), JSON.parse(fs.readFileSync(file)))
})

test('keeps the process alive until it is there', async (t) => {
  const dir = tempDir(t)
  const { stdout, stderr } = await node(['-e', `require(${JSON.stringify(root)}).takeSnapshot({ dir: ${JSON.stringify(dir)} }).then(() => console.log('there'))`])
  assert.equal(stdout, 'there\n', stderr)
})

test('an AbortSignal gives it up, before and after the order, and leaves no file', async (t) => {
  const dir = tempDir(t)
  const reason = new Error('enough')
  await assert.rejects(takeSnapshot({ dir, signal: AbortSignal.abort(reason) }), { code: 'HEAPWARDEN_ABORTED', cause: reason })
  const controller = new AbortController()
  const taken = takeSnapshot({ dir, signal: controller.signal })
  controller.abort(reason)
  await assert.rejects(taken, { code: 'HEAPWARDEN_ABORTED', cause: reason })
  assert.deepEqual(fs.readdirSync(dir).filter((name) => !name.startsWith('.')), [])
})

test('callers at the same time share one file', async (t) => {
  const dir = tempDir(t)
  const [one, other] = await Promise.all([takeSnapshot({ dir }), takeSnapshot({ dir })])
  assert.equal(one.path, other.path)
  assert.equal(fs.readdirSync(dir).filter((name) => !name.startsWith('.')).length, 1)
})

test("a monitor's failure is a rejection and an event, and no process warning", async (t) => {
  const file = path.join(tempDir(t), 'file')
  fs.writeFileSync(file, '')
  const monitor = watch({ rules: [] })
  t.after(() => monitor.stop())
  const failed = once(monitor, 'snapshotFailed')
  const error = await monitor.snapshot({ dir: path.join(file, 'below'), trigger: 'why' }).then(assert.fail, (one) => one)
  assert.match(error.code, /^HEAPWARDEN_/)
  const [event] = await failed
  assert.deepEqual([event.code, event.message, event.trigger], [error.code, error.message, 'why'])
})

test('what cannot be opened is an error of the stream', async (t) => {
  const dir = tempDir(t)
  await assert.rejects(readJson(openSnapshot(path.join(dir, 'none.heapsnapshot.zst'))), { code: 'HEAPWARDEN_NOT_FOUND' })
  assert.throws(() => openSnapshot(5), { code: 'HEAPWARDEN_INVALID_OPTION' })
  const { path: file } = await takeSnapshot({ dir })
  fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2))
  await assert.rejects(readJson(openSnapshot(file)), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT' })
})

test('reads no further than it is asked to, and closes the file when it is left', async (t) => {
  const { path: file } = await takeSnapshot({ dir: tempDir(t) })
  const real = native.openSnapshot
  let reads = 0
  let closed
  const done = new Promise((resolve) => { closed = resolve })
  t.mock.method(native, 'openSnapshot', (name) => {
    const handle = real(name)
    return {
      read: (most) => { reads++; return handle.read(Math.min(most, 1024)) },
      close: () => { handle.close(); closed() }
    }
  })
  const stream = openSnapshot(file)
  await once(stream, 'readable')
  await new Promise(setImmediate)
  const before = reads
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(reads - before <= 256 && reads <= 257, `${reads} reads of 1 KiB without anybody reading`)
  stream.destroy()
  await done
})

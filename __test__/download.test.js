'use strict'

// Snapshots over HTTP: GET and HEAD /snapshots/NAME of the middleware.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { test } = require('node:test')
const { takeSnapshot } = require('..')
const middleware = require('../lib/middleware')
const { negotiate } = require('../lib/http/encoding')
const native = require('../lib/native')
const { tempDir } = require('./helpers')
const { TOKEN, serve } = require('./server')

test("a file's own bytes for those who take zstd, else unpacked", async (t) => {
  const dir = tempDir(t)
  const info = await takeSnapshot({ dir })
  const name = path.basename(info.path)
  const ask = await serve(t, middleware({ token: TOKEN, dir }))
  const get = (encoding, more) => ask(`/snapshots/${name}`, { headers: { ...encoding && { 'accept-encoding': encoding }, ...more?.headers }, method: more?.method })

  const packed = await get('gzip, zstd')
  assert.equal(packed.headers['content-encoding'], 'zstd')
  assert.ok(packed.bytes.equals(fs.readFileSync(info.path)))
  assert.equal(Number(packed.headers['content-length']), info.bytes)

  const plain = await get('gzip')
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.equal(plain.bytes.length, info.rawBytes)
  assert.equal(plain.json.snapshot.node_count, info.nodes)
  assert.notEqual(plain.headers.etag, packed.headers.etag)

  for (const { headers } of [packed, plain]) {
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers.vary, 'Accept-Encoding')
    assert.match(headers['content-disposition'], new RegExp(`^attachment; filename="${name.replace('.zst', '')}"`))
  }

  const head = await get('zstd', { method: 'HEAD' })
  assert.deepEqual([head.status, head.bytes.length, head.headers['content-length']], [200, 0, String(info.bytes)])
  const known = await get('zstd', { headers: { 'if-none-match': `"x", W/${packed.headers.etag}` } })
  assert.deepEqual([known.status, known.bytes.length], [304, 0])
  assert.equal((await get('zstd', { headers: { 'if-none-match': plain.headers.etag } })).status, 200)
  const none = await get('identity;q=0, gzip')
  assert.deepEqual([none.status, none.headers.vary], [406, 'Accept-Encoding'])
})

test('which encoding an Accept-Encoding asks for', () => {
  for (const [header, expected] of [
    [undefined, 'identity'], ['', 'identity'], ['zstd', 'zstd'], ['ZSTD', 'zstd'], ['gzip, deflate', 'identity'],
    ['zstd;q=0', 'identity'], ['zstd; q=0.000', 'identity'], ['zstd;q=0.001', 'zstd'], ['gzip;q=1.0, zstd ; q=0.2', 'zstd'],
    ['*', 'zstd'], ['*;q=0', null], ['*;q=0, zstd', 'zstd'], ['*, zstd;q=0', 'identity'], ['identity, zstd;q=0.5', 'identity'],
    ['identity;q=0.5, zstd', 'zstd'], ['identity;q=0', null], ['identity;q=0, *', 'zstd'], ['zstd;q=nonsense', 'identity'], ['zstd;q=-1', 'identity'],
    ['zstdx', 'identity'], [',,zstd,', 'zstd']
  ]) assert.equal(negotiate(header), expected, String(header))
})

test('a plain file is sent as it is, a damaged one is a status', async (t) => {
  const dir = tempDir(t)
  const plain = await takeSnapshot({ dir, level: 0 })
  const ask = await serve(t, middleware({ token: TOKEN, dir }))
  const sent = await ask(`/snapshots/${path.basename(plain.path)}`, { headers: { 'accept-encoding': 'zstd' } })
  assert.equal(sent.headers['content-encoding'], undefined)
  assert.ok(sent.bytes.equals(fs.readFileSync(plain.path)))

  const { path: file } = await takeSnapshot({ dir })
  const fail = t.mock.method(native, 'openSnapshot', () => { throw Object.assign(new Error('damaged at byte 5'), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT' }) })
  const damaged = await ask(`/snapshots/${path.basename(file)}`)
  assert.deepEqual([damaged.status, damaged.json.code], [500, 'HEAPWARDEN_CORRUPT_SNAPSHOT'])
  assert.equal(damaged.headers['content-disposition'], undefined)
  fail.mock.restore()

  fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2))
  const cut = await ask(`/snapshots/${path.basename(file)}`)
  assert.deepEqual([cut.status, cut.json.code], [500, 'HEAPWARDEN_CORRUPT_SNAPSHOT'])
  const rest = await ask(`/snapshots/${path.basename(file)}`, { headers: { 'accept-encoding': 'zstd' } })
  assert.ok(rest.bytes.equals(fs.readFileSync(file)), 'what is left can be had')
})

test('a client that goes away closes the file', async (t) => {
  const dir = tempDir(t)
  const { path: file } = await takeSnapshot({ dir })
  const real = native.openSnapshot
  let closed
  let finishRead = () => {}
  const done = new Promise((resolve) => { closed = resolve })
  t.mock.method(native, 'openSnapshot', (name) => {
    const handle = real(name)
    let first = true
    return {
      // The first bytes, then nothing until the client has left: only its leaving can end this.
      read: (most) => first ? (first = false, handle.read(most)) : new Promise((resolve) => { finishRead = resolve }),
      close: () => { handle.close(); closed() }
    }
  })
  const ask = await serve(t, middleware({ token: TOKEN, dir }))
  const accepted = once(ask.server, 'connection')
  const client = net.connect(ask.port, '127.0.0.1')
  const [connection] = await accepted
  client.write(`GET /snapshots/${path.basename(file)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`)
  await once(client, 'data')
  // Not once(): leaving with bytes unread is a reset, an 'error' there.
  const left = new Promise((resolve) => connection.once('close', resolve))
  client.destroy()
  await left
  finishRead(null)
  await done
})

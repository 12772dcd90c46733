'use strict'

// Snapshots over HTTP: GET and HEAD /snapshots/NAME of the middleware.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { buffer } = require('node:stream/consumers')
const { test } = require('node:test')
const zlib = require('node:zlib')
const { openSnapshot, takeSnapshot } = require('../..')
const middleware = require('../../lib/middleware')
const { negotiate } = require('../../lib/http/encoding')
const native = require('../../lib/addon/native')
const { packSnapshot } = require('../../lib/monitor/snapshot-stream')
const { run, tempDir } = require('../support/helpers')
const { TOKEN, serve } = require('../support/server')

test('one zstd frame for those who take it, else unpacked; the file itself when asked', async (t) => {
  const dir = tempDir(t)
  const info = await takeSnapshot({ dir, form: 'snapshot' })
  const name = path.basename(info.path)
  const ask = await serve(t, middleware({ token: TOKEN, dir }))
  const get = (encoding, { method, headers, query = '' } = {}) =>
    ask(`/snapshots/${name}${query}`, { headers: { ...encoding && { 'accept-encoding': encoding }, ...headers }, method })

  const plain = await get('gzip')
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.equal(plain.bytes.length, info.rawBytes)
  assert.equal(plain.json.snapshot.node_count, info.nodes)

  const packed = await get('gzip, zstd')
  assert.equal(packed.headers['content-encoding'], 'zstd')
  assert.equal(packed.bytes.readUInt32LE(0), 0xFD2FB528, 'data come first: some decoders end after the first frame')
  const copy = path.join(dir, 'packed.heapsnapshot.zst')
  fs.writeFileSync(copy, packed.bytes)
  assert.ok((await buffer(openSnapshot(copy))).equals(plain.bytes))
  // Node.js 22.15 and later: the decoder that ends after one frame gets it all.
  if (zlib.zstdDecompressSync) assert.ok(zlib.zstdDecompressSync(packed.bytes).equals(plain.bytes))

  const file = await get('gzip, zstd', { query: '?raw=1' })
  assert.deepEqual([file.headers['content-encoding'], file.headers['content-type']], [undefined, 'application/zstd'])
  assert.ok(file.bytes.equals(fs.readFileSync(info.path)))
  assert.equal(Number(file.headers['content-length']), info.bytes)
  assert.match(file.headers['content-disposition'], new RegExp(`^attachment; filename="${name}"`))
  assert.equal((await get(undefined, { query: '?raw=0' })).headers['content-type'], 'application/json')

  for (const { headers } of [packed, plain]) {
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers.vary, 'Accept-Encoding')
    assert.match(headers['content-disposition'], new RegExp(`^attachment; filename="${name.replace('.zst', '')}"`))
  }
  assert.equal(new Set([plain, packed, file].map(({ headers }) => headers.etag)).size, 3)

  const head = await get('zstd', { method: 'HEAD' })
  assert.deepEqual([head.status, head.bytes.length, head.headers['content-encoding']], [200, 0, 'zstd'])
  const size = await get(undefined, { method: 'HEAD', query: '?raw=1' })
  assert.deepEqual([size.bytes.length, size.headers['content-length']], [0, String(info.bytes)])
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

  const { path: file } = await takeSnapshot({ dir, form: 'snapshot' })
  const fail = t.mock.method(native, 'openSnapshot', () => { throw Object.assign(new Error('damaged at byte 5'), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT' }) })
  const damaged = await ask(`/snapshots/${path.basename(file)}`)
  assert.deepEqual([damaged.status, damaged.json.code], [500, 'HEAPWARDEN_CORRUPT_SNAPSHOT'])
  assert.equal(damaged.headers['content-disposition'], undefined)
  fail.mock.restore()

  fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2))
  for (const encoding of ['identity', 'zstd']) {
    const cut = await ask(`/snapshots/${path.basename(file)}`, { headers: { 'accept-encoding': encoding } })
    assert.deepEqual([cut.status, cut.json.code], [500, 'HEAPWARDEN_CORRUPT_SNAPSHOT'])
    assert.match(cut.json.message, /\?raw=1/)
  }
  const rest = await ask(`/snapshots/${path.basename(file)}?raw=1`)
  assert.ok(rest.bytes.equals(fs.readFileSync(file)), 'what is left can be had')
})

test('the file itself in parts, as curl -C - goes on with it', async (t) => {
  const dir = tempDir(t)
  const { path: file, bytes: size } = await takeSnapshot({ dir, form: 'snapshot' })
  const whole = fs.readFileSync(file)
  const ask = await serve(t, middleware({ token: TOKEN, dir }))
  const get = (headers, { query = '?raw=1', method } = {}) => ask(`/snapshots/${path.basename(file)}${query}`, { headers, method })

  const { headers: { etag, 'last-modified': modified, 'accept-ranges': accepts } } = await get({}, { method: 'HEAD' })
  assert.equal(accepts, 'bytes')
  for (const [range, start, end] of [
    ['bytes=100-', 100, size], ['bytes=0-0', 0, 1], ['bytes=5-9', 5, 10], [`bytes=10-${size * 2}`, 10, size], ['bytes=-7', size - 7, size],
    [`bytes=-${size * 2}`, 0, size], ['Bytes = 3 - 4', 3, 5]
  ]) {
    const { status, headers, bytes } = await get({ range })
    assert.equal(status, 206, range)
    assert.equal(headers['content-range'], `bytes ${start}-${end - 1}/${size}`)
    assert.equal(Number(headers['content-length']), end - start)
    assert.ok(bytes.equals(whole.subarray(start, end)), range)
  }
  for (const range of [`bytes=${size}-`, 'bytes=-0', `bytes=${'9'.repeat(400)}-`]) {
    const { status, headers, json } = await get({ range })
    assert.deepEqual([status, headers['content-range'], json.code], [416, `bytes */${size}`, 'HEAPWARDEN_INVALID_OPTION'], range)
  }
  // What is not understood, and several parts at once, is all of it.
  for (const range of ['bytes=', 'bytes=-', 'bytes=9-5', 'lines=1-2', 'bytes=0-1,4-5', 'bytes=a-b']) assert.equal((await get({ range })).status, 200, range)

  const range = 'bytes=1-2'
  const earlier = new Date(Date.parse(modified) - 1000).toUTCString()
  for (const [ifRange, status] of [[etag, 206], [modified, 206], ['"other"', 200], [`W/${etag}`, 200], [earlier, 200], ['nonsense', 200]]) {
    assert.equal((await get({ range, 'if-range': ifRange })).status, status, ifRange)
  }
  assert.equal((await get({ range, 'if-none-match': etag })).status, 304)
  const head = await get({ range }, { method: 'HEAD' })
  assert.deepEqual([head.status, Number(head.headers['content-length'])], [200, size], 'a part is for GET only')
  const unpacked = await get({ range }, { query: '' })
  assert.deepEqual([unpacked.status, unpacked.headers['accept-ranges']], [200, 'none'])

  // The real one, with half of the file there.
  const half = path.join(dir, 'half')
  fs.writeFileSync(half, whole.subarray(0, 1000))
  const curl = await run('curl', ['-sS', '-C', '-', '-o', half, '-H', `Authorization: Bearer ${TOKEN}`,
    `http://127.0.0.1:${ask.port}/snapshots/${path.basename(file)}?raw=1`]).catch((error) => error)
  if (curl.code === 'ENOENT') return t.diagnostic('curl is not here')
  assert.equal(curl.status, 0, curl.stderr)
  assert.ok(fs.readFileSync(half).equals(whole))
})

test('downloads leave threads of the pool to the service', async (t) => {
  const { path: file } = await takeSnapshot({ dir: tempDir(t), level: 0 })
  let pieces = 0
  const streams = Array.from({ length: 40 }, () => packSnapshot(file).on('readable', () => { pieces++ }))
  t.after(() => streams.forEach((stream) => stream.destroy()))
  await new Promise(setImmediate) // all of them have asked
  await fs.promises.stat(file)
  assert.ok(pieces < 20, `${pieces} of 40 downloads came before it`)
  await Promise.all(streams.map((stream) => pieces < 40 && stream.readableLength === 0 ? once(stream, 'readable') : undefined))
  // Those that went away meanwhile leave their turn to others.
  streams.forEach((stream) => stream.destroy())
  assert.ok((await buffer(openSnapshot(file))).length > 0)
})

test('a client that goes away closes the file', async (t) => {
  const dir = tempDir(t)
  const { path: file } = await takeSnapshot({ dir, form: 'snapshot' })
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

'use strict'

// Heap images over HTTP: the snapshot in one, thawed on the way where there is room for that, and the bundle.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { after, before, describe, test } = require('node:test')
const express = require('express')
const { ask, capabilities, openSnapshot, takeSnapshot, watch } = require('../..')
const middleware = require('../../lib/middleware')
const { childrenOf, hurry, until } = require('../support/forks')
const { tempDir } = require('../support/helpers')
const { TOKEN, serve } = require('../support/server')

const { image } = capabilities.snapshots
const skip = !image.available && image.reason

/** Loaders and copies of this process, by their program: before they have begun it they have the name of who starts them. */
const copies = () => childrenOf(process.pid).filter((pid) => {
  try {
    return path.basename(fs.readlinkSync(`/proc/${pid}/exe`)).startsWith('heapwarden-thaw')
  } catch {
    return false // it has ended
  }
})

describe('an image over HTTP', { skip }, () => {
  let dir
  let file
  let name
  let stem
  let cleanUp
  before(async () => {
    dir = tempDir({ after: (work) => { cleanUp = work } })
    file = (await takeSnapshot({ dir, form: 'image' })).path
    name = path.basename(file)
    stem = name.replace('.heapimage.zst', '')
  })
  after(() => cleanUp())

  const served = (t) => serve(t, middleware({ token: TOKEN, dir }))
  async function watched (t, options) {
    const monitor = watch({ rules: [], nearHeapLimit: false, snapshots: { dir, ...options } })
    t.after(() => monitor.stop())
    return serve(t, middleware({ token: TOKEN, monitor }))
  }
  /** But for what is kept beside images, by and by. */
  const files = (folder = dir) => fs.readdirSync(folder).filter((one) => one !== 'objects')

  test('thawed on the way, in Express and in bare node:http, one after the other', async (t) => {
    const app = express().use('/heap', middleware({ token: TOKEN, dir }))
    const [inExpress, bare] = [await serve(t, app), await served(t)]
    let most = 0
    const over = new AbortController()
    const seen = new Set()
    const counting = until(over.signal, () => {
      const all = copies()
      most = Math.max(most, all.length)
      // They come after everybody else on this machine.
      for (const one of all) if (!seen.has(one)) seen.add(one) && hurry(one)
    }).catch((error) => { if (!over.signal.aborted) throw error })
    const [plain, packed] = await Promise.all([
      inExpress(`/heap/snapshots/${name}`, { headers: { range: 'bytes=0-9' } }),
      bare(`/snapshots/${name}`, { headers: { 'accept-encoding': 'zstd' } })
    ])
    over.abort()
    await counting
    assert.deepEqual([most, seen.size], [1, 2])
    const { snapshot, nodes, strings } = plain.json
    assert.equal(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length)
    assert.ok(strings.includes('AbortController'))
    for (const { status, headers } of [plain, packed]) {
      assert.deepEqual([status, headers['content-type'], headers['accept-ranges'], headers['content-length']], [200, 'application/json', 'none', undefined])
      assert.match(headers['content-disposition'], new RegExp(`^attachment; filename="${stem}\\.heapsnapshot";`))
    }
    assert.equal(packed.headers['content-encoding'], 'zstd')
    const copy = path.join(tempDir(t), 'packed.heapsnapshot.zst')
    fs.writeFileSync(copy, packed.bytes)
    const chunks = []
    for await (const chunk of openSnapshot(copy)) chunks.push(chunk)
    assert.ok(Buffer.concat(chunks).equals(plain.bytes), 'the same image gives the same bytes')
    assert.deepEqual(files(), [name])

    // Without a copy.
    const head = await bare(`/snapshots/${name}`, { method: 'HEAD' })
    assert.deepEqual([head.status, head.bytes.length, head.headers.etag], [200, 0, plain.headers.etag])
    assert.equal((await bare(`/snapshots/${name}`, { headers: { 'if-none-match': plain.headers.etag } })).status, 304)
    assert.notEqual(packed.headers.etag, plain.headers.etag)
    assert.equal((await bare(`/snapshots/${name}`, { headers: { 'accept-encoding': 'identity;q=0' } })).status, 406)
  })

  test('who goes away ends the copy, and leaves nothing', async (t) => {
    const ask = await served(t)
    const client = net.connect(ask.port, '127.0.0.1')
    client.write(`GET /snapshots/${name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`)
    // Held, so that it does not end by itself.
    const copy = await until(t.signal, () => copies()[0])
    process.kill(copy, 'SIGSTOP')
    t.after(() => copies().includes(copy) && process.kill(copy, 'SIGKILL'))
    assert.equal(files().length, 2, 'its snapshot goes beside it')
    client.destroy()
    await until(AbortSignal.timeout(20_000), () => copies().length === 0 && files().length === 1)
    assert.equal((await ask(`/snapshots/${name}`, { method: 'HEAD' })).status, 200)
  })

  test('too little memory or disk is said with what to do, before anything is sent', async (t) => {
    const refused = async (ask, status, code, words) => {
      const answer = await ask(`/snapshots/${name}`)
      assert.deepEqual([answer.status, answer.json.code], [status, code], answer.json.message)
      assert.match(answer.json.message, words)
      assert.ok(answer.json.message.endsWith(`. ?raw=1 gives all that is needed to thaw it elsewhere, on Linux x64: heapwarden thaw ${stem}.heapbundle.tar`), answer.json.message)
      assert.deepEqual(files(), [name])
    }
    const full = await watched(t, { minFreeDisk: Number.MAX_SAFE_INTEGER })
    await refused(full, 507, 'HEAPWARDEN_NO_SPACE', /free/)
    const [, , , , , data] = fs.readFileSync('/proc/self/statm', 'latin1').split(' ').map(Number)
    // A soft limit of this process.
    const limit = (bytes) => execFileSync('prlimit', ['--pid', String(process.pid), `--data=${bytes}:`])
    limit(data * 4096 + 150e6)
    t.after(() => limit('unlimited'))
    await refused(await served(t), 409, 'HEAPWARDEN_MEMORY_BUDGET', /is not thawed beside the service: the image has \d+ MB, and with V8's snapshot it needs about \d+ MB, and .* \d+ MB, of which 135 MB stay free for the service\./)
  })

  test('?raw=1 is the bundle, in parts too, and can be asked anywhere', async (t) => {
    const get = await served(t)
    const whole = await get(`/snapshots/${name}?raw=1`)
    const { headers, bytes } = whole
    assert.deepEqual([whole.status, headers['content-type'], Number(headers['content-length'])], [200, 'application/x-tar', bytes.length])
    assert.match(headers['content-disposition'], new RegExp(`^attachment; filename="${stem}\\.heapbundle\\.tar";`))
    const bundle = path.join(tempDir(t), 'a.tar')
    fs.writeFileSync(bundle, bytes)
    const listed = execFileSync('tar', ['tf', bundle], { encoding: 'utf8' }).trim().split('\n')
    assert.equal(listed[0], name)
    assert.ok(listed.slice(1).length > 0 && listed.slice(1).every((one) => /^objects\/[0-9a-f]+\.zst$/.test(one)), String(listed))
    assert.equal(await ask(bundle, '6 * 7'), '42')

    for (const [range, start, end] of [['bytes=0-99', 0, 100], ['bytes=500-600', 500, 601], [`bytes=${bytes.length - 2000}-`, bytes.length - 2000, bytes.length]]) {
      const part = await get(`/snapshots/${name}?raw=1`, { headers: { range, 'if-range': headers.etag } })
      assert.deepEqual([part.status, part.headers['content-range']], [206, `bytes ${start}-${end - 1}/${bytes.length}`])
      assert.ok(part.bytes.equals(bytes.subarray(start, end)), range)
    }
    assert.equal((await get(`/snapshots/${name}?raw=1`, { headers: { 'if-none-match': headers.etag } })).status, 304)
    assert.deepEqual(files(), [name])

    // What would have to be packed for it, with no room to spare: all that is there, and nothing is written.
    const bare = tempDir(t)
    fs.linkSync(file, path.join(bare, name))
    const full = watch({ rules: [], nearHeapLimit: false, snapshots: { dir: bare, minFreeDisk: Number.MAX_SAFE_INTEGER } })
    t.after(() => full.stop())
    const alone = await (await serve(t, middleware({ token: TOKEN, monitor: full })))(`/snapshots/${name}?raw=1`)
    const blocks = Math.ceil(fs.statSync(file).size / 512)
    assert.deepEqual([alone.status, alone.bytes.length], [200, 512 + 512 * blocks + 1024])
    assert.deepEqual(files(bare), [name])

    // One that was cut, and what it needs has gone: all that there is of it.
    const other = tempDir(t)
    fs.writeFileSync(path.join(other, name), fs.readFileSync(file).subarray(0, 500_000))
    const cut = await serve(t, middleware({ token: TOKEN, dir: other }))
    const { status, json } = await cut(`/snapshots/${name}`)
    assert.deepEqual([status, json.code], [500, 'HEAPWARDEN_CORRUPT_SNAPSHOT'])
    const rest = await cut(`/snapshots/${name}?raw=1`)
    assert.deepEqual([rest.status, rest.bytes.length], [200, 512 + 500_224 + 1024])
    assert.deepEqual(files(other), [name])
  })

  test('it is not given out where images are off', async (t) => {
    const renamed = path.join(dir, 'renamed.heapsnapshot')
    fs.linkSync(file, renamed)
    t.after(() => fs.unlinkSync(renamed))
    const refused = async (ask, words) => {
      for (const one of [name, 'renamed.heapsnapshot']) {
        for (const query of ['', '?raw=1']) {
          const { status, json } = await ask(`/snapshots/${one}${query}`)
          assert.deepEqual([status, json.code], [403, 'HEAPWARDEN_UNSUPPORTED'], `${one}${query}`)
          assert.match(json.message, words)
        }
      }
    }
    const allowed = await watched(t)
    assert.equal((await allowed('/snapshots/renamed.heapsnapshot', { method: 'HEAD' })).headers['accept-ranges'], 'none', 'it is what is in it, whatever its name')
    await refused(await watched(t, { images: false }), /images: false/)
    await refused(await watched(t, { redact: true }), /redact/)
    const without = { images: { buffers: false } }
    const careful = await watched(t, without)
    await refused(careful, /buffers: false/)
    const { path: bare } = await takeSnapshot({ dir, form: 'image', ...without })
    t.after(() => fs.unlinkSync(bare))
    assert.equal((await careful(`/snapshots/${path.basename(bare)}`, { method: 'HEAD' })).status, 200)
    const variables = { HEAPWARDEN_IMAGES: 'flase', HEAPWARDEN_REDACT: 'on' }
    t.after(() => Object.keys(variables).forEach((name) => { delete process.env[name] }))
    for (const [name, word] of Object.entries(variables)) {
      process.env[name] = word
      await refused(allowed, new RegExp(`${name}=${word}`))
      await refused(await served(t), new RegExp(`${name}=${word}`))
      delete process.env[name]
    }
  })
})

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const express = require('express')
const { takeSnapshot, watch, HeapwardenError } = require('../..')
const middleware = require('../../lib/middleware')
const { table } = require('../../lib/http/routes')
const { TOKEN, serve } = require('../support/server')
const { tempDir } = require('../support/helpers')

function monitorIn (t, dir) {
  const monitor = watch({ interval: 50, rules: [{ name: 'big', metric: 'rss', above: '1TB' }], snapshots: { dir } })
  t.after(() => monitor.stop())
  return monitor
}

const json = (value) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: typeof value === 'string' ? value : JSON.stringify(value) })

test('is not mounted unless something decides who may pass', () => {
  for (const options of [undefined, {}, { insecure: false }, { token: '' }, { token: 'a b' }, { token: 5 }, { authorize: true }, { insecure: 1 }, { token: TOKEN, monitor: {} }, { token: TOKEN, dir: 5 }, { tokens: TOKEN }, null]) {
    assert.throws(() => middleware(options), { code: 'HEAPWARDEN_INVALID_OPTION' })
  }
  assert.throws(() => middleware({ token: 'open sesame' }), (error) => !error.message.includes('sesame'))
  assert.equal(middleware.middleware, middleware)
})

const mounts = {
  'express, below a path' (t, options) {
    const app = express()
    app.use('/admin/heap', middleware(options))
    return [app, '/admin/heap']
  },
  'express, in a router, behind its body parser' (t, options) {
    const app = express()
    const router = express.Router()
    router.use('/heap', express.json(), middleware(options))
    app.use('/admin', router)
    return [app, '/admin/heap']
  },
  'bare node:http' (t, options) {
    return [middleware(options), '']
  },
  'the way connect does it' (t, options) {
    const handle = middleware(options)
    return [(req, res) => {
      req.originalUrl = req.url
      req.url = req.url.slice('/heap'.length) || '/'
      handle(req, res, assert.fail)
    }, '/heap']
  }
}

for (const [how, mount] of Object.entries(mounts)) {
  test(`all routes, mounted in ${how}`, async (t) => {
    const dir = tempDir(t)
    const monitor = monitorIn(t, dir)
    await monitor.sample()
    const [listener, base] = mount(t, { monitor, token: TOKEN })
    const ask = await serve(t, listener)

    for (const target of [base || '/', `${base}/`]) {
      const index = await ask(target)
      assert.equal(index.status, 200)
      assert.ok(index.json.routes.includes('POST /snapshots'))
    }
    const status = (await ask(`${base}/status?x=1`)).json
    assert.equal(status.pid, process.pid)
    assert.equal(status.watching, true)
    assert.ok(status.latest.rss > 0)
    assert.deepEqual(status.capabilities, monitor.capabilities)
    assert.equal((await ask(`${base}/rules`)).json[0].phase, 'ok')
    assert.ok(Array.isArray((await ask(`${base}/history`)).json))
    assert.deepEqual((await ask(`${base}/snapshots`)).json, [])

    const ordered = await ask(`${base}/snapshots`, json({ trigger: 'by hand' }))
    assert.equal(ordered.status, 201)
    const { name, trigger, shared, path: file } = ordered.json
    assert.deepEqual([trigger, shared, path.dirname(file), path.basename(file)], ['by hand', false, dir, name])
    assert.equal(ordered.headers.location, `${base}/snapshots/${name}`)
    assert.deepEqual((await ask(`${base}/snapshots/`)).json.map((one) => one.name), [name])

    const plain = await ask(ordered.headers.location)
    assert.equal(plain.status, 200)
    assert.equal(plain.json.snapshot.node_count, ordered.json.nodes)

    const gone = await ask(`${base}/snapshots/${name}`, { method: 'DELETE' })
    assert.deepEqual([gone.status, gone.bytes.length], [204, 0])
    assert.equal((await ask(`${base}/snapshots/${name}`, { method: 'DELETE' })).status, 404)
    assert.deepEqual(fs.readdirSync(dir).filter((one) => one.endsWith('.zst')), [])
  })
}

test('every answer says that it is neither to be kept nor guessed at', async (t) => {
  const ask = await serve(t, middleware({ token: TOKEN, dir: tempDir(t) }))
  for (const [target, options] of [['/', {}], ['/nope', {}], ['/', { token: 'x' }]]) {
    const { headers } = await ask(target, options)
    assert.deepEqual([headers['cache-control'], headers['x-content-type-options']], ['no-store', 'nosniff'])
    assert.match(headers['content-type'], /^application\/json/)
  }
})

test('a token: missing, wrong, in another scheme, right', async (t) => {
  const ask = await serve(t, middleware({ token: TOKEN }))
  for (const [options, challenge] of [
    [{ token: '' }, 'Bearer realm="heapwarden"'],
    [{ token: 'sesam' }, 'Bearer realm="heapwarden", error="invalid_token"'],
    [{ token: 'sesame2' }, 'Bearer realm="heapwarden", error="invalid_token"'],
    [{ token: '', headers: { authorization: `Basic ${TOKEN}` } }, 'Bearer realm="heapwarden"']
  ]) {
    const { status, headers, json: body } = await ask('/status', options)
    assert.equal(status, 401)
    assert.equal(headers['www-authenticate'], challenge)
    assert.equal(body.code, 'HEAPWARDEN_UNAUTHORIZED')
  }
  assert.equal((await ask('/nope', { token: '' })).status, 401, 'strangers do not learn which paths exist')
  assert.equal((await ask('/', { token: '', headers: { authorization: `bearer  ${TOKEN}` } })).status, 200)
})

test('authorize decides, also late, also by itself, and its failure tells nothing', async (t) => {
  const decide = {
    yes: () => true,
    late: async () => true,
    no: () => false,
    nothing: () => {},
    throws: () => { throw new Error('password is hunter2') },
    rejects: async () => { throw new HeapwardenError('HEAPWARDEN_TIMEOUT', 'hunter2') },
    itself: (req, res) => { res.writeHead(302, { location: '/login' }).end() }
  }
  const ask = await serve(t, middleware({ authorize: (req, res) => decide[req.headers.how](req, res) }))
  for (const [how, expected] of Object.entries({ yes: 200, late: 200, no: 403, nothing: 403, throws: 500, rejects: 500, itself: 302 })) {
    const { status, bytes } = await ask('/', { headers: { how } })
    assert.equal(status, expected, how)
    assert.ok(!bytes.includes('hunter2'))
    if (status >= 400) assert.equal(JSON.parse(bytes).code, 'HEAPWARDEN_UNAUTHORIZED')
  }
})

test('authorize: only true is a yes, on every route', async (t) => {
  const warnings = []
  const hear = (warning) => warnings.push(warning)
  process.on('warning', hear)
  t.after(() => process.off('warning', hear))
  const answers = [{ isAdmin: false }, 'false', 'no', 1, [], [true], () => true, Symbol('yes'), new Boolean(true), 1n]
  let answer
  let asked = 0
  const dir = tempDir(t)
  const ask = await serve(t, middleware({ dir, monitor: monitorIn(t, dir), authorize: () => { asked++; return answer } }))
  const routes = [...table.map(([method, path]) => [path.replace(':name', 'x'), method]), ['/nope'], ['/', 'OPTIONS'], ['/', 'HEAD']]
  for (const value of answers) {
    for (const late of [false, true]) {
      answer = late ? Promise.resolve(value) : value
      for (const [target, method] of routes) {
        const { status, bytes } = await ask(target, { method })
        assert.equal(status, 500, `${method} ${target} ${String(value)}`)
        if (method !== 'HEAD') assert.match(JSON.parse(bytes).message, /neither true nor false/)
      }
    }
  }
  for (const value of [0, '', null, NaN]) {
    answer = value
    assert.equal((await ask('/')).status, 403)
  }
  assert.equal(asked, answers.length * 2 * routes.length + 4)
  assert.deepEqual(fs.readdirSync(dir), [])
  await new Promise(setImmediate)
  assert.ok(warnings.some((one) => one.code === 'HEAPWARDEN_UNAUTHORIZED' && /returned a value of type object, and only true/.test(one.message)))
})

test('token and authorize must agree', async (t) => {
  const ask = await serve(t, middleware({ token: TOKEN, authorize: (req) => req.headers.ok === '1' }))
  assert.equal((await ask('/', { headers: { ok: '1' } })).status, 200)
  assert.equal((await ask('/')).status, 403)
  assert.equal((await ask('/', { token: 'x', headers: { ok: '1' } })).status, 401)
})

test("another site's page may look at nothing it could not see, and change nothing", async (t) => {
  const dir = tempDir(t)
  const ask = await serve(t, middleware({ insecure: true, dir }))
  const headers = { 'sec-fetch-site': 'cross-site' }
  assert.equal((await ask('/snapshots', { method: 'POST', headers })).status, 403)
  assert.equal((await ask('/snapshots/x', { method: 'DELETE', headers })).status, 403)
  assert.equal((await ask('/', { headers })).status, 200)
  assert.deepEqual(fs.readdirSync(dir), [])
})

/** [whether it may change something, headers]: of a browser that does not say where the page is from. */
const pages = [
  [true, { host: 'intranet.corp:3000' }],
  [true, { host: 'intranet.corp:3000', origin: 'http://intranet.corp:3000' }],
  // Behind a proxy that leaves the port out.
  [true, { host: 'Intranet.corp', origin: 'https://intranet.corp:8443' }],
  [true, { host: '[::1]:3000', origin: 'http://[::1]:3000' }],
  // A browser that says so is believed.
  [true, { host: '127.0.0.1:3000', origin: 'https://intranet.corp', 'sec-fetch-site': 'same-origin' }],
  ...['http://evil.example', 'null', '', 'http://intranet.corp.evil.example', 'http://sub.intranet.corp:3000', 'http://127.0.0.1:3000', 'intranet.corp:3000',
    'http://intranet.corp:3000, http://evil.example']
    .map((origin) => [false, { host: 'intranet.corp:3000', origin }]),
  [false, { host: '', origin: 'null' }],
  // Nobody asked for this one to be believed.
  [false, { host: '127.0.0.1:3000', origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' }]
]

for (const [how, options] of Object.entries({ 'authorize by a cookie': { authorize: (req) => req.headers.cookie === 'session=1' }, insecure: { insecure: true } })) {
  test(`so where the browser tells no more than Origin: ${how}`, async (t) => {
    const dir = tempDir(t)
    const ask = await serve(t, middleware({ ...options, dir }))
    for (const [passes, headers] of pages) {
      const all = { token: '', headers: { cookie: 'session=1', ...headers } }
      const gone = await ask('/snapshots/x', { method: 'DELETE', ...all })
      assert.deepEqual([gone.status, gone.json.code], passes ? [404, 'HEAPWARDEN_NOT_FOUND'] : [403, 'HEAPWARDEN_UNAUTHORIZED'], JSON.stringify(headers))
      if (!passes) assert.equal((await ask('/snapshots', { method: 'POST', ...all })).status, 403)
      assert.equal((await ask('/snapshots', all)).status, 200)
    }
    assert.deepEqual(fs.readdirSync(dir), [])
  })
}

test('a token is proof enough, whatever page it comes from', async (t) => {
  const ask = await serve(t, middleware({ token: TOKEN, authorize: () => true, dir: tempDir(t) }))
  const headers = { host: 'intranet.corp:3000', origin: 'http://console.example' }
  assert.equal((await ask('/snapshots/x', { method: 'DELETE', headers })).status, 404)
  assert.equal((await ask('/snapshots/x', { method: 'DELETE', headers, token: '' })).status, 401)
})

test("behind a proxy, Origin is compared with the host that Express's `trust proxy` makes of it", async (t) => {
  for (const trusted of [true, false]) {
    const app = express().set('trust proxy', trusted)
    app.use('/heap', middleware({ insecure: true, dir: tempDir(t) }))
    const ask = await serve(t, app)
    const by = async (origin) => (await ask('/heap/snapshots/x', { method: 'DELETE', headers: { host: '127.0.0.1:3000', 'x-forwarded-host': 'intranet.corp:8080', origin } })).status
    assert.deepEqual([await by('http://intranet.corp:8080'), await by('http://127.0.0.1:3000'), await by('http://evil.example')], trusted ? [404, 403, 403] : [403, 404, 403])
  }
})

test('methods: HEAD, OPTIONS, and those that are not possible', async (t) => {
  const ask = await serve(t, middleware({ token: TOKEN, monitor: monitorIn(t, tempDir(t)) }))
  const get = await ask('/rules')
  const head = await ask('/rules', { method: 'HEAD' })
  assert.deepEqual([head.status, head.bytes.length, head.headers['content-length']], [200, 0, get.headers['content-length']])
  for (const [target, allow] of [['/', 'GET, HEAD, OPTIONS'], ['/snapshots', 'GET, POST, HEAD, OPTIONS'], ['/snapshots/x', 'GET, DELETE, HEAD, OPTIONS']]) {
    const options = await ask(target, { method: 'OPTIONS' })
    assert.deepEqual([options.status, options.headers.allow], [204, allow])
    for (const method of ['PUT', 'PATCH', 'PROPFIND']) {
      const refused = await ask(target, { method })
      assert.deepEqual([refused.status, refused.headers.allow, refused.json.code], [405, allow, 'HEAPWARDEN_UNSUPPORTED'])
    }
  }
})

test('no name leads out of the folder', async (t) => {
  const dir = tempDir(t)
  const inside = path.join(dir, 'in')
  fs.mkdirSync(inside)
  const { path: file } = await takeSnapshot({ dir })
  const name = path.basename(file)
  const ask = await serve(t, middleware({ token: TOKEN, dir: inside }))
  const targets = [`../${name}`, `..%2f${name}`, `..%5c${name}`, `%2e%2e%2f${name}`, `..%252f${name}`, encodeURIComponent(file), file, '..', '.', '%2e%2e', '%00', `${name}%00`, '__proto__', ':name', 'constructor', '']
  for (const target of targets) {
    for (const method of ['GET', 'DELETE']) {
      const { status, json: body } = await ask(`/snapshots/${target}`, { method })
      if (target === '') assert.equal(status, method === 'GET' ? 200 : 405)
      else assert.deepEqual([status, body.code], [404, 'HEAPWARDEN_NOT_FOUND'], target)
    }
  }
  assert.equal((await ask('/snapshots/%zz')).status, 400)
  for (const target of ['/nope', '/snapshots/:name', '/__proto__', '//snapshots', '/status/x', '*']) {
    assert.equal((await ask(target)).status, 404, target)
  }
  assert.ok(fs.existsSync(file))
})

test('a second order while one runs shares it', async (t) => {
  const dir = tempDir(t)
  const ask = await serve(t, middleware({ token: TOKEN, monitor: monitorIn(t, dir) }))
  const answers = await Promise.all([1, 2, 3].map(() => ask('/snapshots', { method: 'POST' })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201])
  assert.deepEqual(answers.map(({ json: { shared } }) => shared).sort(), [false, true, true])
  assert.equal(new Set(answers.map(({ json: { name } }) => name)).size, 1)
  assert.equal((await ask('/snapshots', { method: 'POST' })).status, 201, 'the next one is new')
  assert.equal((await ask('/snapshots')).json.length, 2)
})

test('an order that fails has the status of its code, and the next one is free to succeed', async (t) => {
  const monitor = monitorIn(t, tempDir(t))
  const ask = await serve(t, middleware({ token: TOKEN, monitor }))
  const fail = t.mock.method(monitor, 'snapshot')
  for (const [code, expected] of Object.entries({ NO_SPACE: 507, MEMORY_BUDGET: 503, STOPPED: 503, TIMEOUT: 504, CAPTURE_FAILED: 500, INVALID_OPTION: 500, NOT_FOUND: 404, UNSUPPORTED: 501 })) {
    fail.mock.mockImplementationOnce(async () => { throw new HeapwardenError(`HEAPWARDEN_${code}`, 'because') })
    const { status, json: body } = await ask('/snapshots', { method: 'POST' })
    assert.deepEqual([status, body], [expected, { code: `HEAPWARDEN_${code}`, message: 'because' }])
  }
  fail.mock.mockImplementationOnce(async () => { throw new TypeError('secret is undefined') })
  const defect = await ask('/snapshots', { method: 'POST' })
  assert.deepEqual([defect.status, defect.json.code], [500, 'HEAPWARDEN_INTERNAL'])
  assert.ok(!defect.bytes.includes('secret'))
  assert.equal((await ask('/snapshots', { method: 'POST' })).status, 201)
})

test('bodies: small JSON is read, the rest is refused', async (t) => {
  const dir = tempDir(t)
  const ask = await serve(t, middleware({ token: TOKEN, monitor: monitorIn(t, dir) }))
  for (const [value, status] of [['{', 400], [{ trigger: 5 }, 400], [{ trigger: 'a\nb' }, 400], [{ triger: 'x' }, 400], ['[]', 400], ['null', 400], [{ trigger: 'x'.repeat(2000) }, 413], ['', 201], ['{}', 201]]) {
    const answer = await ask('/snapshots', json(value))
    assert.equal(answer.status, status, JSON.stringify(value))
    if (status !== 201) assert.equal(answer.json.code, 'HEAPWARDEN_INVALID_OPTION')
  }
  const chunked = await ask('/snapshots', { ...json('x'.repeat(2000)), headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } })
  assert.equal(chunked.status, 413)
  // What curl -d sends, among others: the trigger would be lost.
  for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'text/json']) {
    for (const pieces of [false, true]) {
      const headers = { ...type && { 'content-type': type }, ...pieces && { 'transfer-encoding': 'chunked' } }
      const answer = await ask('/snapshots', { method: 'POST', headers, body: '{"trigger":"why"}' })
      assert.deepEqual([answer.status, answer.json.code], [415, 'HEAPWARDEN_INVALID_OPTION'], `${type} ${pieces}`)
      assert.match(answer.json.message, /Content-Type: application\/json/)
    }
  }
  for (const headers of [{ 'content-type': 'text/plain' }, { 'transfer-encoding': 'chunked' }]) {
    const empty = await ask('/snapshots', { method: 'POST', headers })
    assert.deepEqual([empty.status, empty.json.trigger], [201, 'http'])
  }
  assert.equal((await ask('/snapshots', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(5000) })).status, 415)
})

test('without a monitor there are snapshots and a status, but no figures', async (t) => {
  const dir = tempDir(t)
  const ask = await serve(t, middleware({ token: TOKEN, dir }))
  for (const target of ['/history', '/rules']) assert.equal((await ask(target)).status, 404)
  const { watching, latest } = (await ask('/status')).json
  assert.deepEqual([watching, latest], [false, null])
  const { status, json: info } = await ask('/snapshots', { method: 'POST' })
  assert.deepEqual([status, path.dirname(info.path)], [201, dir])
})

test("a monitor's own middleware; a stopped monitor is 503", async (t) => {
  const monitor = watch({ rules: [], snapshots: { dir: tempDir(t) } })
  const ask = await serve(t, monitor.middleware({ token: TOKEN }))
  assert.equal((await ask('/status')).status, 200)
  await monitor.stop()
  const { status, json: body } = await ask('/snapshots', { method: 'POST' })
  assert.deepEqual([status, body.code], [503, 'HEAPWARDEN_STOPPED'])
  assert.equal((await ask('/status')).json.watching, false)
})

test('an answer that somebody else has begun is left alone', async (t) => {
  const handle = middleware({ insecure: true })
  const ask = await serve(t, (req, res) => {
    res.write('theirs')
    handle(req, res)
    setImmediate(() => res.end(' and whole'))
  })
  assert.equal(String((await ask('/')).bytes), 'theirs and whole')
})

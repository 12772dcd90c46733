'use strict'

// Questions to real images, from each rung that leaves one here.

const assert = require('node:assert/strict')
const { execFile, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { before, describe, test } = require('node:test')
const { promisify } = require('node:util')
const { HeapwardenError, ask, capabilities, openSnapshot, summarize, thaw } = require('heapwarden')
const { root, tempDir } = require('../support/helpers')

const bin = path.join(root, 'bin/heapwarden.js')
const skip = !capabilities.snapshots.image.available && capabilities.snapshots.image.reason

const imageIn = (dir) => {
  const name = fs.readdirSync(dir).find((one) => one.endsWith('.heapimage.zst'))
  assert.ok(name, `no image in ${fs.readdirSync(dir)}`)
  return path.join(dir, name)
}

/** A process that fills its heap and dies of it, by name of the rung. */
const rungs = {
  'the heap limit': { kind: 'map', flags: ['--max-old-space-size=30'] },
  "a worker's own limit": { kind: 'worker:map', flags: [] }
}

for (const [rung, { kind, flags }] of Object.entries(rungs)) {
  describe(`an image from ${rung}`, { skip }, () => {
    let dir
    let image
    const is = async (code, text, options) => assert.equal(await ask(image, code, options), text)
    const has = async (code, text, options) => assert.match(await ask(image, code, options), text)

    before(() => {
      dir = tempDir({ after: (work) => process.once('exit', work) })
      const { stderr } = spawnSync(process.execPath, [...flags, path.join(root, '__test__/programs/exhaust.js'), kind, dir], { encoding: 'utf8' })
      assert.doesNotMatch(stderr, /a defect/)
      image = imageIn(dir)
    })

    test('knows the size of a Map, and what is in it', async () => {
      const size = Number(await ask(image, 'evidence.kept.size'))
      assert.ok(size > 10_000, `${size}`)
      await is('[...evidence.kept.keys()].slice(0, 3)', '[ 0, 1, 2 ]')
      await is('[...evidence.kept.values()].filter(({ i }) => i % 1000 === 7).length > 5', 'true')
    })
    test('prototypes and classes', () => is('[evidence.constructor.name, Object.getPrototypeOf(evidence) === evidence.constructor.prototype]', "[ 'Evidence', true ]"))
    test('code of its own and of Node', async () => {
      await is('(() => { const again = (n) => n < 2 ? 1 : n * again(n - 1); return again(10) })()', '3628800')
      await is("require('node:crypto').createHash('sha256').update('a').digest('hex').slice(0, 8)", 'ca978112')
    })
    test('an Error has its stack', () => is('function f () { throw new RangeError("no") }\nf()', 'Uncaught RangeError: no\n    at f (question:1:23)\n    at question:2:1'))
    test('an endless loop ends in time', async () => {
      await assert.rejects(ask(image, 'for (;;);', { timeout: '1s' }), { code: 'HEAPWARDEN_TIMEOUT' })
    })
    test('no file is opened, no socket, no process', async () => {
      await has("require('node:fs').readFileSync('/etc/passwd', 'utf8')", /^Uncaught .*ENOSYS.*open/)
      await has("require('node:fs').writeFileSync('/tmp/by-a-copy', 'x')", /^Uncaught .*ENOSYS/)
      await has("require('node:child_process').execFileSync('/bin/true')", /^Uncaught [^]*ENOSYS/)
      await has("require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1'); 'bound'", /./)
      assert.equal(fs.existsSync('/tmp/by-a-copy'), false)
    })
    test('100 MB of output are cut', () => has("'x'.repeat(1e8)", /^x{900,1000}\n… cut: \d+ of 100000000 bytes$/, { most: 1000 }))
    test('a promise is settled, or said to be pending', async () => {
      await is('(async () => { await null; return 7 })()', '7')
      await is('await 8', '8')
      await is("Promise.reject(new Error('x'))", 'Uncaught Error: x\n    at question:1:16')
      await has('new Promise((resolve) => setTimeout(resolve, 1))', /^Promise \{ <pending> \}\n/)
    })
    test('the process does not end by a question, nor does its output', async () => {
      await has('process.exit(3)', /^Uncaught Error: process\.exit/)
      await is("require('node:fs').writeSync(1, 'raw\\n'); console.log('logged'); 5", 'raw\nlogged\n5')
    })
    test('the object with an id of the thawed snapshot, and the instances of a class', async () => {
      const info = await thaw(image)
      assert.deepEqual({ form: info.form, origin: info.origin, complete: info.complete, folder: path.dirname(info.path) },
        { form: 'snapshot', origin: { form: 'image', name: path.basename(image) }, complete: true, folder: dir })
      const { largest } = await summarize(info.path, { className: 'Map' })
      fs.unlinkSync(info.path)
      const size = await ask(image, 'evidence.kept.size')
      await is('(map) => map.size', size, { id: largest[0].id })
      await is('([one, ...more]) => [one.kept.size, more.length]', `[ ${size}, 0 ]`, { className: 'Evidence' })
      await assert.rejects(ask(image, 'it => it', { id: 4_000_000_000 }), { code: 'HEAPWARDEN_NOT_FOUND', message: /there is no object @4000000000/ })
      await assert.rejects(ask(image, 'it => it', { className: 'Nobody' }), { code: 'HEAPWARDEN_NOT_FOUND', message: /there is no instance of Nobody/ })
    })
    test('every analysis reads it, and leaves nothing beside it', async () => {
      const before = fs.readdirSync(dir)
      const fromImage = await summarize(image, { top: 3 })
      assert.equal(fromImage.path, image)
      assert.equal(fromImage.classes.find(({ name }) => name === 'Evidence').count, 1)
      const json = JSON.parse(Buffer.concat(await openSnapshot(image).toArray()).toString())
      assert.equal(json.snapshot.node_count, fromImage.nodes)
      const inChild = await summarize(image, { top: 3, process: 'child' })
      assert.deepEqual({ ...inChild }, { ...fromImage })
      assert.deepEqual(fs.readdirSync(dir), before)
    })
    test('an abort ends it', async () => {
      const stop = new AbortController()
      const asked = ask(image, 'for (;;);', { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) })
      setTimeout(() => stop.abort(new Error('enough')), 1000)
      await assert.rejects(asked, (error) => error instanceof HeapwardenError && error.code === 'HEAPWARDEN_ABORTED' && error.cause.message === 'enough')
    })
  })
}

test('code that comes to no stack guard is asked at the end of a collection', { skip }, async () => {
  const dir = tempDir({ after: (work) => process.once('exit', work) })
  spawnSync(process.execPath, [path.join(root, '__test__/programs/exhaust.js'), 'worker:json', dir])
  assert.equal(await ask(imageIn(dir), 'evidence.constructor.name'), 'Evidence')
})

describe('the commands', { skip }, () => {
  let dir
  let image
  const run = async (...args) => {
    const child = promisify(execFile)(process.execPath, [bin, ...args], { encoding: 'utf8' })
    child.child.stdin.end(run.input ?? '')
    try {
      return { status: 0, ...await child }
    } catch ({ code, stdout, stderr }) {
      return { status: code, stdout, stderr }
    }
  }
  before(() => {
    dir = tempDir({ after: (work) => process.once('exit', work) })
    spawnSync(process.execPath, ['--max-old-space-size=30', path.join(root, '__test__/programs/exhaust.js'), 'objects', dir])
    image = imageIn(dir)
  })

  test('ask: an answer on stdout, of a folder too', async () => {
    assert.deepEqual(await run('ask', image, 'evidence.kept[3].parts'), { status: 0, stdout: '[ 3, 4 ]\n', stderr: '' })
    const { status, stdout, stderr } = await run('ask', dir, 'throw 1', '--json')
    assert.deepEqual({ status, answer: JSON.parse(stdout), stderr }, { status: 0, answer: { exception: true, text: 'Uncaught 1' }, stderr: '' })
    assert.deepEqual(await run('ask', dir, '--class', 'Evidence', 'all => all.length'), { status: 0, stdout: '1\n', stderr: '' })
  })
  test('ask: code from a file and through a pipe', async () => {
    const file = path.join(dir, 'question.js')
    fs.writeFileSync(file, 'const [first] = evidence.kept\nfirst.number + 1\n')
    assert.equal((await run('ask', image, '-f', file)).stdout, '1\n')
    run.input = 'evidence.kept[2].number\n'
    assert.equal((await run('ask', image)).stdout, '2\n')
    run.input = undefined
  })
  test('thaw: says what it has written', async () => {
    const to = path.join(dir, 'out.heapsnapshot')
    const { status, stdout } = await run('thaw', image, '-o', to, '--redact')
    assert.equal(status, 0)
    assert.match(stdout, new RegExp(`^${to}\n.* MB, \\d+ nodes\n$`))
    assert.ok(JSON.parse(fs.readFileSync(to, 'utf8')).nodes.length > 0)
    const { id } = JSON.parse((await run('thaw', image, '-o', to, '--json')).stdout)
    assert.equal(id, undefined)
    fs.unlinkSync(to)
  })
  test('summary: says that it is thawed first', async () => {
    const { status, stdout, stderr } = await run('summary', image, '--class', 'LeakedRecord')
    assert.equal(status, 0, stderr)
    assert.match(stderr, /^heapwarden: .* holds a heap image: it is thawed first/)
    assert.match(stdout, /LeakedRecord/)
    assert.ok(stdout.startsWith(image))
  })
  test('bundle: one file is all that travels', async () => {
    const bundled = path.join(tempDir({ after: (work) => process.once('exit', work) }), 'b.tar')
    const { status, stdout, stderr } = await run('bundle', image, '-o', bundled)
    assert.equal(status, 0, stderr)
    assert.match(stdout, /MB: the image and \d+ objects\n$/)
    const unpacked = path.dirname(bundled)
    spawnSync('tar', ['xf', bundled, '-C', unpacked])
    assert.equal((await run('ask', unpacked, 'evidence.kept[2].number')).stdout, '2\n')
    fs.rmSync(path.join(unpacked, 'objects'), { recursive: true })
    fs.rmSync(path.join(unpacked, path.basename(image)))
    const before = fs.readdirSync(unpacked)
    assert.deepEqual(before, ['b.tar'])
    assert.equal((await run('ask', bundled, 'evidence.kept[3].number')).stdout, '3\n')
    const info = await thaw(bundled)
    assert.equal(path.dirname(info.path), unpacked)
    fs.unlinkSync(info.path)
    assert.equal((await summarize(bundled, { className: 'Evidence' })).classes[0].count, 1)
    assert.deepEqual(fs.readdirSync(unpacked), before)
  })
  test('wrong use is 2, failure is 1', async () => {
    assert.equal((await run('ask', image, 'a', '--id', 'x')).status, 2)
    assert.equal((await run('ask', image, 'a', '--id', '5', '--class', 'A')).status, 2)
    assert.equal((await run('thaw')).status, 2)
    assert.equal((await run('thaw', image, '--timeout', 'never')).status, 2)
    const missing = await run('thaw', path.join(dir, 'no.heapimage.zst'), '--json')
    assert.equal(missing.status, 1)
    assert.equal(JSON.parse(missing.stderr).code, 'HEAPWARDEN_NOT_FOUND')
    fs.writeFileSync(path.join(dir, 'cut.heapimage.zst'), fs.readFileSync(image).subarray(0, 100_000))
    const cut = await run('ask', path.join(dir, 'cut.heapimage.zst'), '1', '--json')
    assert.equal(cut.status, 1)
    assert.equal(JSON.parse(cut.stderr).code, 'HEAPWARDEN_CORRUPT_SNAPSHOT')
    fs.unlinkSync(path.join(dir, 'cut.heapimage.zst'))
  })
})

'use strict'

// Questions to real images, from each rung. What does not depend on Node is asked in ask.once.test.js.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { before, describe, test } = require('node:test')
const { ask, summarize, thaw } = require('../..')
const { conversation } = require('../../lib/image')
const { checkAsk } = require('../../lib/image/options')
const { root, run, tempDir } = require('../support/helpers')
const { images, isImage, options } = require('../support/rungs')

const rungs = {
  fork: 'by a forked child',
  inline: 'in place',
  signal: 'by a signal in native code',
  worker: 'of a worker at a limit of its own',
  limit: 'at the heap limit'
}

describe('an image', options, () => {
  let found
  before(async () => { found = await images(Object.keys(rungs)) })

  test('is from the rung it is meant to be from', () => {
    const how = Object.fromEntries(found.said.map(({ rung, form, mode, reason }) => [rung, { form, mode, reason }]))
    assert.deepEqual(how.fork, { form: 'image', mode: 'fork', reason: null })
    assert.deepEqual(how.inline, { form: 'image', mode: 'inline', reason: null })
    assert.equal(how.signal.form, 'image')
    assert.match(how.signal.reason, /in native code and came to no stack guard/)
    for (const rung of ['worker', 'limit']) assert.match(path.basename(found.images[rung]), rung === 'limit' ? /-0-nearheaplimit-/ : /-[1-9]\d*-nearheaplimit-/)
  })

  for (const [rung, how] of Object.entries(rungs)) {
    describe(how, () => {
      // One copy for all, which is what --keep is.
      let talk
      before(() => { talk = conversation(found.images[rung], checkAsk({ most: 1000, timeout: '30s' })) })
      const said = async (code) => (await talk.ask(code)).text
      const is = async (code, text) => assert.equal(await said(code), text)
      const has = async (code, text) => assert.match(await said(code), text)

      test('knows the size of a Map, and what is in it', async () => {
        await is('evidence.kept.size', '20000')
        await is('[...evidence.kept.keys()].slice(0, 3)', '[ 0, 1, 2 ]')
        await is('[...evidence.kept.values()].filter(({ i }) => i % 1000 === 7).length', '20')
      })
      test('prototypes and classes', async () => {
        await is('[evidence.constructor.name, Object.getPrototypeOf(evidence) === evidence.constructor.prototype, evidence.size]', "[ 'Evidence', true, 20000 ]")
      })
      test('what a closure comes to', () => is('evidence.hidden()', '2'))
      test('code of its own and of Node', async () => {
        await is('(() => { const again = (n) => n < 2 ? 1 : n * again(n - 1); return again(10) })()', '3628800')
        await is("require('node:crypto').createHash('sha256').update('a').digest('hex').slice(0, 8)", 'ca978112')
      })
      test('an Error has its stack', () => is('function f () { throw new RangeError("no") }\nf()', 'Uncaught RangeError: no\n    at f (question:1:23)\n    at question:2:1'))
      test('no file is opened, no socket, no process', async () => {
        const file = path.join(found.dir, 'by-a-copy')
        await has("require('node:fs').readFileSync('/etc/passwd', 'utf8')", /^Uncaught .*ENOSYS.*open/)
        await has(`require('node:fs').writeFileSync(${JSON.stringify(file)}, 'x')`, /^Uncaught .*ENOSYS/)
        await has("require('node:child_process').execFileSync('/bin/true')", /^Uncaught [^]*ENOSYS/)
        await is("(() => { const { TCP, constants } = process.binding('tcp_wrap'); return require('node:util').getSystemErrorName(new TCP(constants.SERVER).bind('127.0.0.1', 0)) })()", 'ENOSYS')
        await has("new Promise((resolve) => require('node:net').createServer().on('error', resolve).listen(0, () => resolve('listens')))", /^Promise \{ <pending> \}\n/)
        assert.equal(fs.existsSync(file), false)
      })
      test('100 MB of output are cut', () => has("'x'.repeat(1e8)", /^x{900,1000}\n… cut: \d+ of 100000000 bytes$/))
      test('a promise is settled, or said to be pending', async () => {
        await is('(async () => { await null; return 7 })()', '7')
        await is('await 8', '8')
        await is("Promise.reject(new Error('x'))", 'Uncaught Error: x\n    at question:1:16')
        await has('new Promise((resolve) => setTimeout(resolve, 1))', /^Promise \{ <pending> \}\n/)
      })
      test('the process does not end by a question, nor does its output', async () => {
        await has('process.exit(3)', /^Uncaught Error: process\.exit/)
        await is("require('node:fs').writeSync(1, 'raw\\n'); console.log('logged'); 5", 'raw\nlogged\n5')
        talk.end()
      })
      test('an endless loop ends in time', async () => {
        await assert.rejects(ask(found.images[rung], 'for (;;);', { timeout: '500ms' }), { code: 'HEAPWARDEN_TIMEOUT' })
      })
    })
  }

  test('the object with an id of the thawed snapshot, and the instances of a class', async () => {
    const { fork: image } = found.images
    const info = await thaw(image)
    assert.deepEqual({ form: info.form, origin: info.origin, complete: info.complete, folder: path.dirname(info.path) },
      { form: 'snapshot', origin: { form: 'image', name: path.basename(image) }, complete: true, folder: path.dirname(image) })
    const { largest } = await summarize(info.path, { className: 'Map' })
    fs.unlinkSync(info.path)
    assert.equal(await ask(image, '(map) => map.size', { id: largest[0].id }), '20000')
    assert.equal(await ask(image, '([one, ...more]) => [one.kept.size, more.length]', { className: 'Evidence' }), '[ 20000, 0 ]')
    await assert.rejects(ask(image, 'it => it', { id: 4_000_000_000 }), { code: 'HEAPWARDEN_NOT_FOUND', message: /there is no object @4000000000/ })
    await assert.rejects(ask(image, 'it => it', { className: 'Nobody' }), { code: 'HEAPWARDEN_NOT_FOUND', message: /there is no instance of Nobody/ })
  })
})

test('code that comes to no stack guard is asked at the end of a collection', options, async (t) => {
  const dir = tempDir(t)
  await run(process.execPath, [path.join(root, '__test__/programs/exhaust.js'), 'worker:json', dir])
  const image = fs.readdirSync(dir).find(isImage)
  assert.equal(await ask(path.join(dir, image), 'evidence.constructor.name'), 'Evidence')
})

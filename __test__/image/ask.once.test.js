'use strict'

// Of questions what does not depend on Node, and the commands about images.

const assert = require('node:assert/strict')
const { execFile, spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { before, describe, test } = require('node:test')
const { promisify } = require('node:util')
const { HeapwardenError, ask, openSnapshot, summarize, thaw } = require('../..')
const { root, tempDir } = require('../support/helpers')
const { images, options } = require('../support/rungs')

const bin = path.join(root, 'bin/heapwarden.js')

describe('an image', options, () => {
  let dir
  let image
  before(async () => {
    ({ images: { fork: image } } = await images(['fork']))
    dir = path.dirname(image)
  })
  /** But for what is kept beside images, by and by. */
  const files = () => fs.readdirSync(dir).filter((name) => name !== 'objects')

  test('every analysis reads it, and leaves nothing beside it', async () => {
    const fromImage = await summarize(image, { top: 3 })
    assert.equal(fromImage.path, image)
    assert.equal(fromImage.classes.find(({ name }) => name === 'Evidence').count, 1)
    const chunks = []
    for await (const chunk of openSnapshot(image)) chunks.push(chunk)
    assert.equal(JSON.parse(Buffer.concat(chunks)).snapshot.node_count, fromImage.nodes)
    const inChild = await summarize(image, { top: 3, process: 'child' })
    assert.deepEqual({ ...inChild }, { ...fromImage })
    assert.deepEqual(files(), [path.basename(image)])
  })
  test('an abort ends a question', async () => {
    const stop = new AbortController()
    const asked = ask(image, 'for (;;);', { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) })
    await assert.rejects(asked, (error) => error instanceof HeapwardenError && error.code === 'HEAPWARDEN_ABORTED' && error.cause.message === 'enough')
  })

  describe('the commands', () => {
    const run = async (...args) => {
      const child = promisify(execFile)(process.execPath, [bin, ...args], { encoding: 'utf8' })
      child.child.stdin.end(run.input ?? '')
      try {
        return { status: 0, ...await child }
      } catch ({ code, stdout, stderr }) {
        return { status: code, stdout, stderr }
      }
    }

    test('ask: an answer on stdout, of a folder too', async () => {
      assert.deepEqual(await run('ask', image, 'evidence.kept.get(3)'), { status: 0, stdout: '{ i: 3 }\n', stderr: '' })
      const { status, stdout, stderr } = await run('ask', dir, 'throw 1', '--json')
      assert.deepEqual({ status, answer: JSON.parse(stdout), stderr }, { status: 0, answer: { exception: true, text: 'Uncaught 1' }, stderr: '' })
      assert.deepEqual(await run('ask', dir, '--class', 'Evidence', 'all => all.length'), { status: 0, stdout: '1\n', stderr: '' })
    })
    test('ask: code from a file and through a pipe', async () => {
      const file = path.join(tempDir({ after: (work) => process.once('exit', work) }), 'question.js')
      fs.writeFileSync(file, 'const first = evidence.kept.get(0)\nfirst.i + 1\n')
      assert.equal((await run('ask', image, '-f', file)).stdout, '1\n')
      run.input = 'evidence.kept.get(2).i\n'
      assert.equal((await run('ask', image)).stdout, '2\n')
      run.input = undefined
    })
    test('ask: at a prompt Ctrl-C ends a question, and nothing else', { skip: spawnSync('script', ['--version']).error && 'needs script(1)' }, async (t) => {
      const child = spawn('script', ['-qec', `${process.execPath} ${bin} ask --keep ${image}`, '/dev/null'], { stdio: 'pipe' })
      t.after(() => child.kill('SIGKILL'))
      const ended = once(child, 'exit')
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (more) => { text += more })
      /** Types, and waits until that is answered. */
      const types = async (keys, answer) => {
        text = ''
        child.stdin.write(keys)
        while (!answer.test(text)) await once(child.stdout, 'data', { signal: t.signal })
      }
      await types('', /Questions to the process .*Ctrl-D or \.exit ends\.\r\n[^]*> /)
      await types('evidence.kept.size\r', /20000\r\n[^]*> /)
      await types("'x'.repeat(1e5)\r", /x{16000}\r\n… cut: \d+ of 100000 bytes\r\n[^]*> /)
      await types('for(;;);\r', /;\r+\n/)
      await types('\x03', /heapwarden: the question was interrupted\r\n[^]*> /)
      await types('\x1b[A\x03', /for\(;;\);[^]*> /)
      await types('evidence.hidden()\r', /2\r\n[^]*> /)
      await types('for(;;);\r', /;\r+\n/)
      // Amid a question too.
      child.stdin.write('\x04')
      assert.deepEqual(await ended, [0, null])
    })
    test('thaw: says what it has written', async () => {
      const to = path.join(tempDir({ after: (work) => process.once('exit', work) }), 'out.heapsnapshot')
      const { status, stdout } = await run('thaw', image, '-o', to, '--redact')
      assert.equal(status, 0)
      assert.match(stdout, new RegExp(`^${to}\n.* MB, \\d+ nodes\n$`))
      assert.ok(JSON.parse(fs.readFileSync(to, 'utf8')).nodes.length > 0)
      const { path: file, origin } = JSON.parse((await run('thaw', image, '-o', to, '--json')).stdout)
      assert.deepEqual([file, origin.form], [to, 'image'])
    })
    test('summary: says that it is thawed first', async () => {
      const { status, stdout, stderr } = await run('summary', image, '--class', 'Evidence')
      assert.equal(status, 0, stderr)
      assert.match(stderr, /^heapwarden: .* holds a heap image: it is thawed first/)
      assert.match(stdout, /Evidence/)
      assert.ok(stdout.startsWith(image))
    })
    test('bundle: one file is all that travels', async () => {
      const bundled = path.join(tempDir({ after: (work) => process.once('exit', work) }), 'b.tar')
      const { status, stdout, stderr } = await run('bundle', image, '-o', bundled)
      assert.equal(status, 0, stderr)
      assert.match(stdout, /MB: the image and \d+ objects\n$/)
      const unpacked = path.dirname(bundled)
      spawnSync('tar', ['xf', bundled, '-C', unpacked])
      assert.equal((await run('ask', unpacked, 'evidence.kept.get(2).i')).stdout, '2\n')
      fs.rmSync(path.join(unpacked, 'objects'), { recursive: true })
      fs.rmSync(path.join(unpacked, path.basename(image)))
      const before = fs.readdirSync(unpacked)
      assert.deepEqual(before, ['b.tar'])
      assert.equal((await run('ask', bundled, 'evidence.kept.get(3).i')).stdout, '3\n')
      const info = await thaw(bundled)
      assert.equal(path.dirname(info.path), unpacked)
      assert.equal((await summarize(info.path, { className: 'Evidence' })).classes[0].count, 1)
      fs.unlinkSync(info.path)
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
      const cut = path.join(tempDir({ after: (work) => process.once('exit', work) }), 'cut.heapimage.zst')
      fs.writeFileSync(cut, fs.readFileSync(image).subarray(0, 100_000))
      const asked = await run('ask', cut, '1', '--json')
      assert.equal(asked.status, 1)
      assert.equal(JSON.parse(asked.stderr).code, 'HEAPWARDEN_CORRUPT_SNAPSHOT')
    })
  })
})

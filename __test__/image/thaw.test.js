'use strict'

// One image, from a process at its heap limit, thawed in every way it can be, and in those it cannot.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, describe, test } = require('node:test')
const { run } = require('../support/helpers')
const { capabilities, thaw } = require('../..')

const skip = !capabilities.snapshots.image.available && capabilities.snapshots.image.reason

describe('thaw', { skip }, () => {
  let dir
  let image
  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-thaw-'))
    await run(process.execPath, ['--max-old-space-size=20', path.join(__dirname, '..', 'programs', 'exhaust.js'), 'set', dir])
    image = path.join(dir, fs.readdirSync(dir).find((name) => name.endsWith('.heapimage.zst')))
  })
  after(() => fs.rmSync(dir, { recursive: true, force: true }))

  const out = () => path.join(dir, 'out.heapsnapshot')
  const content = async (options) => {
    const { path: file } = await thaw(image, { path: out(), ...options })
    return fs.readFileSync(file)
  }
  const files = () => fs.readdirSync(dir).filter((name) => name !== 'out.heapsnapshot').sort()

  test('the same image always gives the same bytes, ids and all', async () => {
    const [one, other] = [await content(), await content()]
    assert.ok(one.equals(other))
    assert.ok(one.includes('"entry 17"'))
  })

  test('what is redacted is masked on its way out', async () => {
    const masked = await content({ redact: true })
    assert.ok(!masked.includes('"entry 17"') && masked.includes('(redacted #'))
    assert.ok(masked.includes('"Evidence"'), 'names stay')
  })

  test('too little memory is told with what it needs, and leaves nothing', async () => {
    const was = files()
    await assert.rejects(thaw(image, { memory: 1e6 }), { code: 'HEAPWARDEN_MEMORY_BUDGET', message: /needs about \d+ MB/ })
    assert.deepEqual(files(), was)
  })

  test('too little time, and an abort, end the copy', async () => {
    const was = files()
    await assert.rejects(thaw(image, { timeout: 200 }), { code: 'HEAPWARDEN_TIMEOUT' })
    const abort = new AbortController()
    const thawing = thaw(image, { signal: abort.signal })
    setTimeout(() => abort.abort(), 100)
    await assert.rejects(thawing, { code: 'HEAPWARDEN_ABORTED' })
    assert.deepEqual(files(), was)
    assert.equal(copies(), 0, 'a copy lives on')
  })

  test('an image that is cut says where', async () => {
    const bytes = fs.readFileSync(image)
    const cut = path.join(dir, 'cut.heapimage.zst')
    for (const part of [0.1, 0.5, 0.9]) {
      fs.writeFileSync(cut, bytes.subarray(0, bytes.length * part))
      await assert.rejects(thaw(cut), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT', message: /byte \d+/ })
    }
    // A byte that has changed: a frame's checksum tells.
    bytes[Math.floor(bytes.length / 2)] ^= 1
    fs.writeFileSync(cut, bytes)
    await assert.rejects(thaw(cut), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT', message: /byte \d+/ })
    fs.rmSync(cut)
  })
})

/** Loaders that this process has started. */
function copies () {
  const tasks = fs.readdirSync('/proc/self/task')
  const children = tasks.flatMap((task) => fs.readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean))
  return children.filter((pid) => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('heapwarden-thaw')).length
}

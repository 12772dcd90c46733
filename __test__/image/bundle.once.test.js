'use strict'

// An image and its objects as one file: what tar makes of it, and what we make of files that are none.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { isBundle, pack, unpack } = require('../../lib/image/bundle')
const { tempDir } = require('../support/helpers')

const NAME = 'heapwarden-20260228T000000.000Z-12-0-rss-00ff.heapimage.zst'
const content = { [NAME]: Buffer.alloc(700_001, 'image'), 'objects/0a1b.zst': Buffer.alloc(512, 'o'), 'objects/ff.zst': Buffer.alloc(0) }

async function bundle (dir) {
  const files = Object.entries(content).map(([name, bytes]) => {
    const file = path.join(dir, name.replace('/', '-'))
    fs.writeFileSync(file, bytes)
    return { name, path: file }
  })
  const to = path.join(dir, 'a.tar')
  const size = await pack(files, to)
  assert.equal(size, fs.statSync(to).size)
  return to
}

const unpacked = async (t, file) => {
  const folder = tempDir(t)
  const image = await unpack(file, folder)
  return { folder, image }
}

test('what is packed is unpacked, by us and by tar', async (t) => {
  const dir = tempDir(t)
  const file = await bundle(dir)
  assert.equal(await isBundle(file), true)
  assert.equal(fs.statSync(file).mode & 0o777, 0o600)
  const { folder, image } = await unpacked(t, file)
  assert.equal(image, path.join(folder, NAME))
  const other = tempDir(t)
  execFileSync('tar', ['xf', file, '-C', other])
  for (const [name, bytes] of Object.entries(content)) {
    for (const place of [folder, other]) {
      assert.ok(fs.readFileSync(path.join(place, name)).equals(bytes), `${name} in ${place}`)
      assert.equal(fs.statSync(path.join(place, name)).mode & 0o777, 0o600)
    }
  }
  assert.deepEqual(fs.readdirSync(dir).filter((one) => one.endsWith('.tmp')), [])
})

test("tar's own are read too, and nothing else that they hold", async (t) => {
  const dir = tempDir(t)
  await bundle(dir)
  fs.renameSync(path.join(dir, NAME), path.join(dir, 'x.heapimage.zst'))
  fs.mkdirSync(path.join(dir, 'objects'))
  fs.renameSync(path.join(dir, 'objects-0a1b.zst'), path.join(dir, 'objects', '0a1b.zst'))
  fs.writeFileSync(path.join(dir, 'evil.js'), 'evil')
  fs.symlinkSync('/etc/passwd', path.join(dir, 'objects', 'aa.zst'))
  const file = path.join(tempDir(t), 'b.tar')
  execFileSync('tar', ['cf', file, '--format=ustar', '-C', dir, './x.heapimage.zst', './objects', './evil.js'])
  assert.equal(await isBundle(file), true)
  const { folder, image } = await unpacked(t, file)
  assert.equal(path.basename(image), 'x.heapimage.zst')
  assert.deepEqual(fs.readdirSync(folder, { recursive: true }).sort(), ['objects', 'objects/0a1b.zst', 'x.heapimage.zst'])
})

test('a cut or damaged one says so', async (t) => {
  const dir = tempDir(t)
  const file = await bundle(dir)
  const whole = fs.readFileSync(file)
  const broken = path.join(dir, 'broken.tar')
  const refusal = async (bytes, message) => {
    fs.writeFileSync(broken, bytes)
    await assert.rejects(unpacked(t, broken), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT', message })
  }
  await refusal(whole.subarray(0, 10_000), /ends at byte 10000, in heapwarden-/)
  await refusal(whole.subarray(0, whole.length - 1024), /ends at byte/)
  await refusal(Buffer.concat([whole.subarray(0, 701_100), Buffer.alloc(10, 'x'), whole.subarray(701_110)]), /a header is damaged/)
  await refusal(Buffer.alloc(2048), /holds no heap image/)
  fs.writeFileSync(broken, 'no tar at all')
  assert.equal(await isBundle(broken), false)
  assert.equal(await isBundle(dir), false)
})

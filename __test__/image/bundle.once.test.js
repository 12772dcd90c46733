'use strict'

// An image and its objects as one file: what tar makes of it, and what we make of files that are none.

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { isBundle, nameOf, pack, unpack } = require('../../lib/image/bundle')
const { ownFolder } = require('../../lib/image/temporary')
const { head, end } = require('../../lib/image/tar')
const { until } = require('../support/forks')
const { tempDir } = require('../support/helpers')
const { takeSnapshot, watch } = require('../..')

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
  const one = [head(NAME, 0, 0)]
  await refusal(Buffer.concat([...one, ...one, end]), /twice/)
})

test('long names travel, and an image by another name gets its own', async (t) => {
  const dir = tempDir(t)
  const id = 'ab'.repeat(64)
  const image = `${'ä'.repeat(110)}.heapimage.zst`
  fs.writeFileSync(path.join(dir, 'x'), 'x')
  const file = path.join(dir, 'a.tar')
  await pack([image, `objects/${id}.zst`].map((name) => ({ name, path: path.join(dir, 'x') })), file)
  assert.equal(await isBundle(file), true)
  const { folder, image: found } = await unpacked(t, file)
  assert.equal(path.basename(found), image)
  assert.ok(fs.existsSync(path.join(folder, 'objects', `${id}.zst`)))
  const other = tempDir(t)
  execFileSync('tar', ['xf', file, '-C', other])
  assert.ok(fs.existsSync(path.join(other, 'objects', `${id}.zst`)) && fs.existsSync(path.join(other, image)))
  // And those of tar, by both of its ways.
  for (const format of ['pax', 'gnu']) {
    execFileSync('tar', ['cf', file, `--format=${format}`, '-C', other, image, 'objects'])
    const { folder, image: found } = await unpacked(t, file)
    assert.equal(path.basename(found), image, format)
    assert.ok(fs.existsSync(path.join(folder, 'objects', `${id}.zst`)), format)
  }
  assert.equal(nameOf('/a/leak.bin'), 'leak.heapimage.zst')
  assert.equal(nameOf(`/a/${NAME}`), NAME)
  assert.ok(Buffer.byteLength(nameOf(`/a/${'ä'.repeat(127)}`)) <= 255)
})

test('what fails is an error of ours and leaves nothing', async (t) => {
  const dir = tempDir(t)
  const file = await bundle(dir)
  const before = fs.readdirSync(dir)
  const signal = AbortSignal.abort(new Error('enough'))
  const aborted = (error) => error.code === 'HEAPWARDEN_ABORTED' && error.cause === signal.reason
  await assert.rejects(unpack(file, tempDir(t), signal), aborted)
  await assert.rejects(pack([{ name: NAME, path: file }], path.join(dir, 'b.tar'), signal), aborted)
  await assert.rejects(pack([{ name: NAME, path: path.join(dir, 'gone') }], path.join(dir, 'b.tar')), { code: 'HEAPWARDEN_NOT_FOUND', message: /gone/ })
  await assert.rejects(pack([{ name: NAME, path: file }], path.join(file, 'b.tar')), { code: 'HEAPWARDEN_CAPTURE_FAILED' })
  // As large as no disk is, by its size.
  const large = path.join(dir, 'large')
  fs.writeFileSync(large, '')
  try {
    fs.truncateSync(large, 8 * 2 ** 40)
  } catch {
    return // a file system that has no holes
  }
  await assert.rejects(pack([{ name: NAME, path: large }], path.join(dir, 'b.tar')), { code: 'HEAPWARDEN_NO_SPACE', message: /bytes in .* are free/ })
  fs.rmSync(large)
  assert.deepEqual(fs.readdirSync(dir), before)
})

test('folders for the time of some work go with the process', async (t) => {
  const listeners = process.listenerCount('exit')
  for (let round = 0; round < 12; round++) ownFolder(tempDir(t)).remove()
  assert.equal(process.listenerCount('exit'), listeners + 1)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    const dir = tempDir(t)
    const script = `const { ownFolder, removeAtSignals } = require('./lib/image/temporary')
removeAtSignals(); ownFolder(process.argv[1]).remove(); ownFolder(process.argv[1]); setInterval(() => {}, 1000); console.log('ready')`
    const child = spawn(process.execPath, ['-e', script, dir], { cwd: path.join(__dirname, '..', '..'), stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    assert.equal(fs.readdirSync(dir).length, 1)
    child.kill(signal)
    const [, by] = await once(child, 'exit')
    assert.equal(by, signal)
    assert.deepEqual(fs.readdirSync(dir), [])
  }
})

/** What a reader leaves in `dir` that is killed: a folder with an image in it, and a bundle that is not whole. Gives its process id. */
async function killed (t, dir) {
  const script = `const { owner, ownFolder } = require('./lib/image/temporary')
    const fs = require('node:fs')
    const { path } = ownFolder(process.argv[1])
    fs.mkdirSync(path + '/objects')
    for (const name of ['x.heapimage.zst', 'objects/ab.zst']) fs.writeFileSync(path + '/' + name, 'x')
    fs.writeFileSync(process.argv[1] + '/.heapwarden-bundle-' + owner() + '-0123456789abcdef.tmp', 'x')
    console.log('ready')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['-e', script, dir], { cwd: path.join(__dirname, '..', '..'), stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return {
    pid: child.pid,
    async kill () {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

test('what processes have left that were killed goes with the next one there, and nothing else', async (t) => {
  const dir = tempDir(t)
  const dead = await killed(t, dir)
  assert.equal(fs.readdirSync(dir).length, 2)
  await dead.kill()
  await killed(t, dir)
  const livesOn = fs.readdirSync(dir)
  assert.equal(livesOn.length, 2)
  assert.ok(!livesOn.some((name) => name.includes(`-${dead.pid}-`)), String(livesOn))
  const stranger = (hours) => {
    const place = path.join(dir, `.heapwarden-thaw-${'0'.repeat(16)}-${dead.pid}-abc${100 + hours}`)
    fs.mkdirSync(place)
    const at = Date.now() / 1000 - hours * 3600
    fs.utimesSync(place, at, at)
    return path.basename(place)
  }
  const [young, , others] = [stranger(160), stranger(170), '.heapwarden-thaw-of-mine']
  fs.mkdirSync(path.join(dir, others))
  ownFolder(dir).remove()
  assert.deepEqual(fs.readdirSync(dir).sort(), [...livesOn, young, others].sort())
})

test('it goes with the next watch there, and the next snapshot', async (t) => {
  const dir = tempDir(t)
  const [dead, alive] = [await killed(t, dir), await killed(t, dir)]
  const names = (pid) => fs.readdirSync(dir).filter((name) => name.includes(`-${pid}-`))
  const bothOf = (pid) => assert.equal(names(pid).length, 2)
  bothOf(dead.pid)
  await dead.kill()
  const monitor = watch({ rules: [], nearHeapLimit: false, snapshots: { dir } })
  t.after(() => monitor.stop())
  await until(t.signal, () => names(dead.pid).length === 0)
  bothOf(alive.pid)
  await monitor.stop()
  await alive.kill()
  await takeSnapshot({ path: path.join(dir, 'a.heapsnapshot.zst') })
  assert.deepEqual(fs.readdirSync(dir), ['a.heapsnapshot.zst'])
})

test('nothing but a regular file is replaced, and not what is packed', async (t) => {
  const dir = tempDir(t)
  const [image, link, pipe] = ['x', 'link', 'pipe'].map((name) => path.join(dir, name))
  fs.writeFileSync(image, 'x')
  fs.symlinkSync(image, link)
  execFileSync('mkfifo', [pipe])
  const files = [{ name: NAME, path: image }]
  for (const [to, why] of [[link, /not a regular file/], [pipe, /not a regular file/], [dir, /not a regular file/], [image, /what is to be bundled/]]) {
    await assert.rejects(pack(files, to), { code: 'HEAPWARDEN_INVALID_OPTION', message: why })
  }
  assert.ok(fs.lstatSync(link).isSymbolicLink() && fs.lstatSync(pipe).isFIFO())
  assert.equal(fs.readFileSync(image, 'utf8'), 'x')
  assert.deepEqual(fs.readdirSync(dir).sort(), ['link', 'pipe', 'x'])
})

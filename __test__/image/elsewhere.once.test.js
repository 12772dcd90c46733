'use strict'

// Images are thawed where nothing is as it was: no file of the system they come from, another user, another stack, another allocator.
// More places, and more origins, in scripts/elsewhere.js.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, describe, test } = require('node:test')
const { node, root, tempDir } = require('../support/helpers')
const { SESSIONS, STRANGER, bareRoot, inBareRoot, threeImages } = require('../support/elsewhere')
const { ask, capabilities } = require('../..')

const { image } = capabilities.snapshots
const skip = !image.available && image.reason
const QUESTION = 'sessions.size + " " + sessions.get("id 7").user'
const ANSWER = `${SESSIONS} user 7`

describe('elsewhere', { skip }, () => {
  let dir
  let images
  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-elsewhere-'))
    images = (await threeImages(dir)).images
    assert.ok(images.limit, 'an image is missing')
  })
  after(() => fs.rmSync(dir, { recursive: true, force: true }))

  test('in a root folder that holds the bundle and the package, as another user, with another stack', async (t) => {
    if (process.getuid() !== 0) return t.skip('only root may change its root folder')
    const bare = tempDir(t)
    bareRoot(bare)
    for (const kind of ['fork', 'limit']) {
      const bundle = path.join(bare, 'work', `${kind}.tar`)
      await node([path.join(root, 'bin', 'heapwarden.js'), 'bundle', images[kind], '-o', bundle])
      fs.chownSync(bundle, STRANGER, STRANGER)
      const { status, stdout, stderr } = await inBareRoot(bare, ['ask', `/work/${kind}.tar`, QUESTION], 'ulimit -s 256')
      if (/unshare|mount/.test(stderr)) return t.skip(`no folder of one's own can be mounted here: ${stderr}`)
      assert.deepEqual([status, stdout, stderr], [0, `${ANSWER}\n`, ''], kind)
    }
    // Were a file of it found elsewhere, this would not be refused.
    fs.copyFileSync(images.fork, path.join(bare, 'work', 'alone.heapimage.zst'))
    fs.chownSync(path.join(bare, 'work', 'alone.heapimage.zst'), STRANGER, STRANGER)
    const { status, stderr } = await inBareRoot(bare, ['ask', '/work/alone.heapimage.zst', QUESTION])
    assert.equal(status, 1)
    assert.match(stderr, /needs .* as it was, with the build id [0-9a-f]+: it is neither in/)
  })

  test('of a process with jemalloc and a stack of 1 MiB', async (t) => {
    const library = find('libjemalloc.so.2')
    if (library === undefined) return t.skip('jemalloc is not installed')
    const script = 'ulimit -s 1024 && LD_PRELOAD="$0" exec "$@"'
    const { images, stderr } = await threeImages(tempDir(t), ['sh', '-c', script, library, process.execPath])
    for (const kind of ['fork', 'inline', 'limit']) {
      assert.ok(images[kind], `${kind}: ${stderr}`)
      assert.equal(await ask(images[kind], QUESTION), ANSWER, kind)
    }
  })
})

/** Where the loader of programs finds a library, if it does. */
function find (name) {
  const known = execFileSync('ldconfig', ['-p'], { encoding: 'utf8' })
  return known.split('\n').find((line) => line.trim().startsWith(`${name} `))?.split('=> ')[1]
}

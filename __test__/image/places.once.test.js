'use strict'

// Evidence where less is to be had than elsewhere; all such places are in scripts/evidence.js.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { root, run, tempDir } = require('../support/helpers')
const { capabilities, takeSnapshot, thaw } = require('../..')
const { bundled } = require('../../lib/image')

const program = path.join(root, '__test__', 'programs', 'exhaust.js')
const allowed = spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0
const skip = (!capabilities.snapshots.image.available && capabilities.snapshots.image.reason) || (!allowed && 'needs namespaces of its own')

/** Node is killed by what it does when it may not abort, or its parent says that it was. */
const ABORTED = [134, 139, 'SIGABRT', 'SIGSEGV', 'SIGTRAP', 'SIGILL']

const node = (dir) => [process.execPath, '--max-old-space-size=32', program, 'objects', dir]

async function thawed (dir) {
  const images = fs.readdirSync(dir).filter((name) => name !== 'objects')
  assert.equal(images.length, 1, String(images))
  assert.match(images[0], /-nearheaplimit-.*\.heapimage\.zst$/)
  const { complete, nodes } = await thaw(path.join(dir, images[0]))
  assert.ok(complete && nodes > 100_000, `${nodes} nodes`)
}

test('the first process of a container is frozen at its limit, and ends as it would', { skip }, async (t) => {
  const dir = tempDir(t)
  const { status, signal, stderr } = await run('unshare', ['--pid', '--fork', '--mount-proc', ...node(dir)])
  assert.ok(ABORTED.includes(signal ?? status), `${signal ?? status}: ${stderr}`)
  assert.match(stderr, /reached; its image is .*FATAL ERROR: /s)
  await thawed(dir)
})

test('a list of pages that says of none that it is there is not believed', { skip }, async (t) => {
  const dir = tempDir(t)
  const { signal, stderr } = await run('unshare', ['--mount', 'sh', '-c', 'mount --bind /dev/zero /proc/$$/pagemap; exec "$@"', 'sh', ...node(dir)])
  assert.equal(signal, 'SIGABRT', stderr)
  await thawed(dir)
})

test('without /proc what reads images says that it is /proc that is missing', { skip }, async (t) => {
  const dir = tempDir(t)
  const { path: image } = await takeSnapshot({ dir, form: 'image', mode: 'inline' })
  const bundle = path.join(tempDir(t), 'a.heapbundle.tar')
  await bundled(image, { output: bundle })
  const bin = path.join(root, 'bin', 'heapwarden.js')
  const without = (...args) => run('unshare', ['--mount', 'sh', '-c', 'umount -l /proc; exec "$@"', 'sh', process.execPath, bin, ...args])
  const commands = [['thaw', image], ['ask', image, '1'], ['bundle', image], ['summary', image], ['diff', image, image], ['paths', image, '--class', 'Map'], ['cat', image], ['thaw', bundle], ['ask', bundle, '1']]
  for (const args of commands) {
    const { status, stderr } = await without(...args)
    assert.notEqual(status, 0, args[0])
    assert.match(stderr, /heapimage\.zst cannot be thawed here: that needs \/proc, and \/proc\/self\/fd cannot be looked at \(No such file or directory \(os error 2\)\); mount it/, args.join(' '))
    assert.doesNotMatch(stderr, /there is no|is neither in/)
  }
  // The image itself, where it is the one that is missing.
  const missing = await without('thaw', path.join(dir, 'x.heapimage.zst'))
  assert.match(missing.stderr, /x\.heapimage\.zst/)
  assert.doesNotMatch(missing.stderr, /\/proc/)
  assert.deepEqual(fs.readdirSync(dir).filter((name) => name !== 'objects'), [path.basename(image)])
})

test('without /proc a watch does not throw, and says why there is no image', { skip }, async (t) => {
  const dir = tempDir(t)
  const { signal, stderr } = await run('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /proc; exec "$@"', 'sh', ...node(dir)])
  assert.equal(signal, 'SIGABRT', stderr)
  assert.match(stderr, /heap limit of .* reached; there is no image of it: .*the list of its mappings could not be read.*FATAL ERROR: /s)
  assert.deepEqual(fs.readdirSync(dir), [])
})

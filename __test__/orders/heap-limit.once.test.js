'use strict'

// Ways to the limit with images off, beside that of heap-limit.test.js.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { text } = require('node:stream/consumers')
const { test } = require('node:test')
const { isUnfinished } = require('../support/programs')
const { openSnapshot } = require('../..')
const { checkDump, finished, folder, leak, skip } = require('../support/heap-limit')

test('so it is where the loop turns, which hears of it', { skip }, async (t) => {
  const dir = folder(t)
  const without = await leak(t, 'async', dir, { how: 'unwatched' })
  const watched = await leak(t, 'async', dir)
  assert.equal(watched.status, without.status, watched.stderr)
  assert.match(watched.stderr, /FATAL ERROR: .*heap/, 'V8 says what it always says')
  assert.match(watched.stderr, /heapwarden: heap limit of .* reached; its snapshot is /)
  assert.match(watched.stdout, /nearHeapLimit/, 'the loop hears of it')
  const files = await finished(dir, watched)
  assert.equal(files.length, 1, `one per ramp\n${watched.said()}`)
  assert.match(files[0], /nearheaplimit/)
  await checkDump(files[0])
  t.diagnostic(`died after ${(watched.ms / without.ms).toFixed(2)} × the time without a watch`)
})

for (const kind of ['parse', 'fill', 'string']) {
  test(`one huge builtin (${kind}): a dump, or the honest word that there is none, never a hang`, { skip }, async (t) => {
    const dir = folder(t)
    const huge = await leak(t, kind, dir)
    assert.equal(huge.status, 'SIGABRT', huge.stderr)
    const files = await finished(dir, huge)
    if (files.length === 0) assert.match(huge.said(), /heapwarden: .*(no snapshot|snapshot failed|its process ended failed)|FATAL ERROR: (?!.*heap limit)/)
    else t.diagnostic(`${files.length} dump`)
    for (const file of files) await text(openSnapshot(file))
  })
}

test('a heap that recovers gets its limit back, and a second ramp its own dump', { skip }, async (t) => {
  const dir = folder(t)
  const twice = await leak(t, 'twice', dir)
  const { stdout, status, stderr } = twice
  assert.equal(status, 0, `${stdout}${stderr}`)
  const { events, limitBefore, limitBetween } = JSON.parse(stdout.trim().split('\n').at(-1))
  assert.equal(events, 2, 'one per ramp')
  assert.ok(limitBetween <= limitBefore, `the limit was restored: ${limitBefore} → ${limitBetween}`)
  assert.equal((await finished(dir, twice)).length, 2)
})

// As in a container: the kernel ends all processes of a namespace with its first.
const asFirst = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const noNamespace = spawnSync(asFirst[0], [...asFirst.slice(1), 'true']).status !== 0 && 'needs the right to make a PID namespace'

test('PID 1 waits for its child, which would die with it', { skip: skip || noNamespace }, async (t) => {
  const dir = folder(t)
  const { stderr } = await leak(t, 'sync', dir, { through: asFirst })
  assert.match(stderr, /FATAL ERROR: .*heap/)
  const files = fs.readdirSync(dir)
  assert.deepEqual(files.map(isUnfinished), [false], 'complete when the process is gone')
  await checkDump(path.join(dir, files[0]))
})

'use strict'

// Ways to the limit with images off, beside that of heap-limit.test.js.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { text } = require('node:stream/consumers')
const { test } = require('node:test')
const { asFirst, noNamespace } = require('../support/first-process')
const { isUnfinished } = require('../support/programs')
const { openSnapshot } = require('../..')
const { checkDump, diesAsEver, finished, folder, leak, skip } = require('../support/heap-limit')

test('so it is where the loop turns, which hears of it', { skip }, async (t) => {
  const dir = folder(t)
  const { stdout } = await diesAsEver(t, 'async', dir)
  assert.match(stdout, /nearHeapLimit/, 'the loop hears of it')
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

test('PID 1 waits for its child, which would die with it', { skip: skip || noNamespace }, async (t) => {
  const dir = folder(t)
  const { stderr } = await leak(t, 'sync', dir, { through: asFirst })
  assert.match(stderr, /FATAL ERROR: .*heap/)
  const files = fs.readdirSync(dir)
  assert.deepEqual(files.map(isUnfinished), [false], 'complete when the process is gone')
  await checkDump(path.join(dir, files[0]))
})

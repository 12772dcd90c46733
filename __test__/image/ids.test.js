'use strict'

// The ids of objects in images: as with snapshots they match only with `stableIds`, however an image was taken.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { compare } = require('../..')
const { tempDir } = require('../support/helpers')
const { start } = require('../support/programs')
const { isImage, options } = require('../support/rungs')

test('two images are compared object by object if they were taken with stableIds, and only then', options, async (t) => {
  const dir = tempDir(t)
  const { signal, stderr, lines } = await start('images-with-ids', [dir], { flags: ['--max-old-space-size=32'] }).ended
  assert.equal(signal, 'SIGABRT', stderr)
  const [first, second, without, kept] = lines.map(({ path }) => path)
  const limit = path.join(dir, fs.readdirSync(dir).find((name) => isImage(name) && /-nearheaplimit-/.test(name)))
  assert.deepEqual(lines.map(({ mode }) => mode), ['inline', 'fork', 'fork', 'fork'])

  // A third was replaced, which totals do not tell.
  for (const [before, after, how] of [[first, second, 'in place and by fork'], [kept, limit, 'by fork and at the heap limit, since when ids were kept']]) {
    const diff = await compare(before, after, { className: 'Kept' })
    assert.equal(diff.comparableIds, true, `${how}: ${diff.reason}`)
    assert.deepEqual(diff.classes.map(({ added, removed }) => [added, removed]), [[100, 100]], how)
  }
  const totals = await compare(second, without, { className: 'Kept' })
  assert.deepEqual([totals.comparableIds, totals.classes], [false, []])
  assert.match(totals.reason, /without stableIds/)
})

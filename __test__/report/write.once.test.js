'use strict'

// A report on its way to disk.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { FIRST } = require('../../lib/report/html')
const { checkTarget, writeReport } = require('../../lib/report/write')
const { tempDir } = require('../support/helpers')

test('it is for its owner alone, takes the place of the one before, and leaves nothing else', async (t) => {
  const to = path.join(tempDir(t), 'report.html')
  fs.writeFileSync(to, 'the one before', { mode: 0o644 })
  assert.deepEqual(await writeReport(to, 'é'), { path: to, bytes: 2 })
  assert.equal(fs.readFileSync(to, 'utf8'), 'é')
  assert.equal((fs.statSync(to).mode & 0o777).toString(8), '600')
  assert.deepEqual(fs.readdirSync(path.dirname(to)), ['report.html'])
})

test('where it cannot be written that is said, and nothing is left', async (t) => {
  const dir = tempDir(t)
  await assert.rejects(writeReport(path.join(dir, 'missing', 'report.html'), 'x'), (error) => {
    assert.equal(error.code, 'HEAPWARDEN_NOT_FOUND')
    assert.doesNotMatch(error.message.split(':')[0], /partial/)
    return true
  })
  fs.mkdirSync(path.join(dir, 'folder'))
  await assert.rejects(writeReport(path.join(dir, 'folder'), 'x'), { code: 'HEAPWARDEN_CAPTURE_FAILED' })
  assert.deepEqual(fs.readdirSync(dir), ['folder'])
})

test('never in place of what it is made from, whatever that is called, nor of a device or a folder', async (t) => {
  const dir = tempDir(t)
  const snapshot = path.join(dir, 'x.heapsnapshot')
  fs.writeFileSync(snapshot, '{}')
  fs.symlinkSync(snapshot, path.join(dir, 'link'))
  await checkTarget(path.join(dir, 'report.html'), [snapshot])
  // Nor of anything else but a report of before.
  for (const [text, fits] of [[FIRST, true], ['', true], ['{}', false], ['<!doctype html>\n<p>mine', false]]) {
    const there = path.join(dir, 'there')
    fs.writeFileSync(there, text)
    if (fits) await checkTarget(there, [snapshot])
    else await assert.rejects(checkTarget(there, [snapshot]), { code: 'HEAPWARDEN_INVALID_OPTION', message: /is no report of heapwarden's/ })
  }
  for (const source of [snapshot, path.join(dir, 'link'), path.join(dir, '.', 'x.heapsnapshot')]) {
    await assert.rejects(checkTarget(snapshot, [source]), { code: 'HEAPWARDEN_INVALID_OPTION', message: /is what the report is made from/ })
  }
  for (const to of [dir, '/dev/null', path.join(dir, 'link')]) await assert.rejects(checkTarget(to, []), { code: 'HEAPWARDEN_INVALID_OPTION' })
})

'use strict'

// findSuspects on the heaps of small programs in which something piles up, and what may go wrong with it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { findSuspects } = require('../..')
const { tempDir } = require('../support/helpers')
const { piled } = require('../support/piling')

let dir
/** Three of a program whose Map fills up. */
let files
before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-test-'))
  files = await piled(dir, 'cache', 3)
})
after(() => fs.rmSync(dir, { recursive: true, force: true }))

const PRINT = /^[0-9a-f]{16}$/

test('one snapshot: who holds most, and that size is all it shows', async () => {
  const report = await findSuspects(files[2])
  const { verdict, confidence, missing, headline, snapshots, total, suspects: [first] } = report
  assert.deepEqual([verdict, confidence, report.redacted, report.complete, 'damage' in report], ['large', 'size', false, true, false])
  assert.match(missing.join(), /a second snapshot/)
  assert.match(headline, /`cache` .*piling\.js.*size, not growth/)
  assert.deepEqual([snapshots.length, snapshots[0].path, snapshots[0].totalSize], [1, files[2], total])
  assert.ok(snapshots[0].nodes > 10_000)
  assert.deepEqual([first.kind, first.verdict, first.count, 'growth' in first], ['collection', 'large', 3000, false])
  assert.match(first.title, /`cache` \(Map, 3,000 entries\) in piling\.js/)
  assert.equal(first.holder.file, 'piling.js')
  assert.deepEqual([first.holder.className, first.className, first.keys.pattern, first.keys.distinct], ['Map', 'Page', 'urls', 3000])
  assert.match(first.entry.looksLike, /Page \{url, body\}/)
  assert.ok(first.exclusiveSize > 0 && first.share > 0.1 && first.share < 1)
  assert.ok(Math.abs(first.share - first.retainedSize / total) < 0.001)
  assert.equal(first.path.at(-1).node.id, first.holder.id)
  assert.ok(first.path.every(({ edge, edgeType, node }) => typeof edge === 'string' && edgeType && node.id > 0))
  assert.match(first.pathText, /cache/)
  assert.ok(first.cure && first.explanation)
  assert.match(first.fingerprint, PRINT)
})

test('two and three: what grows, how, and in which time', async () => {
  const two = await findSuspects(files.slice(0, 2))
  assert.deepEqual([two.verdict, two.confidence, two.suspects[0].kind], ['leak', 'growth', 'collection'])
  assert.match(two.missing.join(), /a third snapshot/)
  const three = await findSuspects(files)
  assert.equal(three.verdict, 'leak')
  assert.match(three.headline, /^Leak: `cache` /)
  assert.deepEqual(three.snapshots.map((one) => one.path), files)
  const { growth, fingerprint } = three.suspects[0]
  assert.deepEqual([growth.perSnapshot, growth.shape, growth.retainedSizes.length], [[1000, 2000, 3000], 'linear', 3])
  const minutes = (three.snapshots[2].at - three.snapshots[0].at) / 60_000
  assert.ok(minutes > 0 && Math.abs(growth.perMinute - 2000 / minutes) < 0.1, `${growth.perMinute} in ${minutes}`)
  assert.deepEqual([fingerprint, (await findSuspects(files[2])).suspects[0].fingerprint], Array(2).fill(two.suspects[0].fingerprint))
})

test('another process, and another form of file: the same fingerprint', async (t) => {
  const [first, second] = await piled(tempDir(t), 'cache', 2, { plain: true })
  const report = await findSuspects([first, second])
  assert.equal(report.verdict, 'leak')
  assert.deepEqual(report.suspects[0].growth.perSnapshot, [1000, 2000])
  assert.equal(report.suspects[0].fingerprint, (await findSuspects(files)).suspects[0].fingerprint)
})

test('listeners are told as listeners, and a bounded Map is no leak', async (t) => {
  const listening = await findSuspects(await piled(tempDir(t), 'listeners', 2))
  const [first] = listening.suspects
  assert.deepEqual([listening.verdict, first.kind, first.growth.perSnapshot], ['leak', 'listeners', [1000, 2000]])
  assert.match(first.title, /'update' on `bus`/)
  for (const kind of ['bounded', 'nothing']) {
    const report = await findSuspects(await piled(tempDir(t), kind, 3))
    assert.ok(['none', 'settling', 'backlog'].includes(report.verdict), `${kind}: ${report.headline}`)
    assert.ok(report.suspects.every(({ verdict }) => verdict === 'settling' || verdict === 'backlog'))
  }
})

test('in a thread or in a child, required or imported, alone or in a list: the same', async () => {
  const expected = await findSuspects(files)
  // Its status says that there is a leak; that is no failure.
  assert.deepEqual(await findSuspects(files, { process: 'child' }), expected)
  assert.deepEqual(await (await import('heapwarden')).findSuspects(files), expected)
  const one = await findSuspects([files[0]])
  assert.deepEqual(await findSuspects(files[0]), one)
  assert.deepEqual(await findSuspects(files[0], { process: 'child' }), one)
})

test('top: so many suspects', async (t) => {
  const many = await piled(tempDir(t), 'long', 2)
  const all = await findSuspects(many)
  assert.equal(all.suspects.length, 5)
  for (const where of ['thread', 'child']) {
    const { suspects, verdict } = await findSuspects(many, { top: 1, process: where })
    assert.deepEqual([suspects.length, suspects[0].title, verdict], [1, all.suspects[0].title, all.verdict])
  }
})

test('a folder gives its newest whole snapshot', async (t) => {
  const folder = tempDir(t)
  await assert.rejects(findSuspects(folder), { code: 'HEAPWARDEN_NOT_FOUND' })
  assert.equal((await findSuspects(dir)).snapshots[0].path, files[2])
})

test('snapshots out of order, and of two processes, are told', async (t) => {
  const wrong = await findSuspects([files[2], files[0]])
  assert.match(wrong.missing.join(), /in the order .*number 2 .*older than number 1/)
  assert.equal(wrong.suspects.some(({ growth }) => growth?.perMinute !== undefined), false)
  assert.notEqual(wrong.verdict, 'leak')
  const [other] = await piled(tempDir(t), 'cache', 1)
  assert.match((await findSuspects([files[0], other])).missing.join(), /of one process/)
  assert.equal((await findSuspects(files)).missing, undefined)
})

test('one that is given twice is refused: nothing grows in it, whatever does', async (t) => {
  const copy = path.join(tempDir(t), 'copy.heapsnapshot.zst')
  fs.copyFileSync(files[1], copy)
  const plain = path.join(path.dirname(copy), 'plain.heapsnapshot')
  fs.writeFileSync(plain, await require('../..').openSnapshot(files[1]).toArray().then(Buffer.concat))
  for (const [given, where] of [[[files[0], files[1], files[1]], 'thread'], [[files[1], copy], 'child'], [[plain, plain], 'thread']]) {
    await assert.rejects(findSuspects(given, { process: where }), { code: 'HEAPWARDEN_INVALID_OPTION', message: /one and the same/ })
  }
})

test('a cut file is refused, or gives what it has', async (t) => {
  const folder = tempDir(t)
  const [first, second] = await piled(folder, 'cache', 2, { plain: true })
  const damaged = path.join(folder, 'cut.heapsnapshot')
  const bytes = fs.readFileSync(second)
  // Its last strings are lost, no node and no edge.
  fs.writeFileSync(damaged, bytes.subarray(0, bytes.length - 2000))
  for (const where of ['thread', 'child']) {
    await assert.rejects(findSuspects([first, damaged], { process: where }), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT' })
    const report = await findSuspects([first, damaged], { salvage: true, process: where })
    assert.equal(report.complete, false)
    assert.match(report.damage, /byte \d+/)
    assert.deepEqual(report.suspects[0].growth.perSnapshot, [1000, 2000])
  }
})

test('a redacted snapshot says so, and names the same holder', async (t) => {
  const report = await findSuspects(await piled(tempDir(t), 'cache', 2, { redact: true }), { top: 32 })
  assert.equal(report.redacted, true)
  const { fingerprint } = (await findSuspects(files)).suspects[0]
  const one = report.suspects.find((suspect) => suspect.fingerprint === fingerprint)
  assert.match(one.title, /`cache` \(Map/)
  assert.doesNotMatch(JSON.stringify(report), /page\?id=/)
  assert.equal((await findSuspects(files)).redacted, false)
})

for (const where of ['thread', 'child']) {
  test(`an AbortSignal ends it, too little memory is refused, in a ${where}`, async () => {
    const reason = new Error('enough')
    await assert.rejects(findSuspects(files, { process: where, signal: AbortSignal.abort(reason) }), { code: 'HEAPWARDEN_ABORTED', cause: reason })
    const controller = new AbortController()
    const begun = findSuspects(files, { process: where, signal: controller.signal })
    setImmediate(() => controller.abort(reason))
    await assert.rejects(begun, { code: 'HEAPWARDEN_ABORTED', cause: reason })
    await assert.rejects(findSuspects(files, { process: where, maxMemory: '2MB' }), {
      code: 'HEAPWARDEN_MEMORY_BUDGET', message: /needs about [\d.]+ MiB, and maxMemory allows/
    })
  })
}

test('progress counts the files', async () => {
  const told = []
  await findSuspects(files, { onProgress: (progress) => told.push(progress) })
  for (const { stage, file, files: all } of told) {
    assert.ok(['reading', 'rules', 'dominators', 'tables'].includes(stage))
    assert.ok(all === 3 && file >= 1 && file <= 3)
  }
})

test('options are checked', async () => {
  for (const [call, says] of [
    [() => findSuspects(), /^path: undefined was given/],
    [() => findSuspects(''), /^path:/],
    [() => findSuspects([]), /^paths: 0 given; accepted: one snapshot or more/],
    [() => findSuspects([files[0], 5]), /^paths\[1\]:/],
    [() => findSuspects(files[0], { top: 0 }), /^top:/],
    [() => findSuspects(files[0], { top: 33 }), /^top:/],
    [() => findSuspects(files[0], { className: 'A' }), /^className: there is no such option/]
  ]) await assert.rejects(call(), { code: 'HEAPWARDEN_INVALID_OPTION', message: says })
  await assert.rejects(findSuspects([files[0], path.join(dir, 'none')]), { code: 'HEAPWARDEN_NOT_FOUND' })
})

'use strict'

// summarize, compare, findPaths on snapshots of this very process, and what may go wrong with them.

const assert = require('node:assert/strict')
const childProcess = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')
const { after, before, test } = require('node:test')
const { capabilities, compare, findPaths, openSnapshot, summarize, takeSnapshot } = require('../..')
const { node, readJson, root, tempDir } = require('../support/helpers')
const { ownSnapshot } = require('../support/own-snapshot')

class AnalysedMarker {
  constructor (number) {
    this.number = number
    this.text = `marker ${number}`
  }
}
const holder = { markers: Array.from({ length: 1000 }, (_, i) => new AnalysedMarker(i)) }
globalThis.analysedHolder = holder

let dir
let file
let plain
before(async () => { ({ dir, file, plain } = await ownSnapshot()) })
after(() => fs.rmSync(dir, { recursive: true, force: true }))

/** The first `share` of a file, as another file. */
function cut (from, share, t) {
  const bytes = fs.readFileSync(from)
  const to = path.join(tempDir(t), path.basename(from))
  fs.writeFileSync(to, bytes.subarray(0, Math.floor(bytes.length * share)))
  return to
}

test('a summary is that of the file', async () => {
  const { snapshot } = await readJson(openSnapshot(file))
  const result = await summarize(file)
  assert.deepEqual([result.path, result.nodes, result.edges, result.complete], [file, snapshot.node_count, snapshot.edge_count, true])
  assert.equal('damage' in result, false)
  const marker = result.classes.find(({ name }) => name === 'AnalysedMarker')
  assert.equal(marker.count, 1000)
  assert.ok(marker.shallowSize >= 1000 * 16 && marker.retainedSize > marker.shallowSize, JSON.stringify(marker))
  assert.ok(marker.distance > 1 && marker.distance < 10, JSON.stringify(marker))
  const falling = (rows) => rows.every(({ retainedSize }, i) => i === 0 || retainedSize <= rows[i - 1].retainedSize)
  assert.ok(falling(result.classes) && falling(result.largest) && falling(result.duplicateStrings))
  assert.deepEqual([result.largest.length, result.duplicateStrings.length], [20, 20])
  const { total, v8heap, native } = result.statistics
  assert.deepEqual([total, v8heap + native], [result.totalSize, total])
  const sum = result.classes.reduce((all, { shallowSize }) => all + shallowSize, 0)
  assert.ok(sum <= total && sum > 0.98 * total, `${sum} of ${total}`)
  assert.ok(result.duplicateStrings.every(({ text, count }) => typeof text === 'string' && count > 1))
})

test('plain or compressed, required or imported, in a thread or in a child: the same', async () => {
  const expected = await summarize(file)
  const { path: _, ...same } = expected
  const imported = await import('heapwarden')
  assert.deepEqual(await imported.summarize(file), expected)
  assert.deepEqual(await summarize(file, { process: 'child' }), expected)
  const { path: name, ...other } = await summarize(plain)
  assert.equal(name, plain)
  assert.deepEqual(other, same)
})

test('rows are filtered by class and cut', async () => {
  const { classes, largest } = await summarize(file, { className: 'AnalysedMarker', top: 3 })
  assert.deepEqual(classes.map(({ name }) => name), ['AnalysedMarker'])
  assert.deepEqual(largest.map(({ className }) => className), Array(3).fill('AnalysedMarker'))
  for (const where of ['thread', 'child']) {
    const fits = await summarize(file, { className: /^Analysed.arker$/g, top: 3, process: where })
    assert.deepEqual([fits.classes.length, fits.largest.length], [1, 3], where)
  }
  const none = await summarize(file, { className: 'NoSuchClass' })
  assert.deepEqual([none.classes, none.largest], [[], []])
})

test('a folder gives its newest whole snapshot', async (t) => {
  const folder = tempDir(t)
  await assert.rejects(summarize(folder), { code: 'HEAPWARDEN_NOT_FOUND' })
  const first = await takeSnapshot({ dir: folder })
  const second = await takeSnapshot({ dir: folder })
  assert.equal((await summarize(folder)).path, second.path)
  fs.truncateSync(second.path, second.bytes - 100)
  assert.equal((await summarize(folder)).path, first.path)
})

test('the loop turns while it is analysed', async () => {
  let pending = true
  let turns = 0
  const done = summarize(file).finally(() => { pending = false })
  const turn = () => {
    turns++
    if (pending) setImmediate(turn)
  }
  setImmediate(turn)
  await done
  assert.ok(turns > 100, `${turns} turns`)
})

test('keeps the process alive until it is there', async () => {
  const program = `require(${JSON.stringify(root)}).summarize(${JSON.stringify(file)}).then(({ nodes }) => console.log(nodes > 0))`
  const { stdout, stderr } = await node(['-e', program])
  assert.equal(stdout, 'true\n', stderr)
})

test('a process or a worker that ends does not wait for it', async () => {
  const program = `require(${JSON.stringify(root)}).summarize(${JSON.stringify(file)}); setImmediate(() => process.exit(7))`
  assert.deepEqual(await node(['-e', program]), { status: 7, signal: null, stdout: '', stderr: '' })
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(`
      const { parentPort } = require('node:worker_threads')
      require(${JSON.stringify(root)}).summarize(${JSON.stringify(file)})
      setImmediate(() => parentPort.postMessage('begun'))`, { eval: true })
    await once(worker, 'message')
    await worker.terminate()
  }
  assert.ok((await summarize(file)).nodes > 0, 'the next one is not held up')
})

test('several at a time are done one after the other', async () => {
  const controller = new AbortController()
  const all = [summarize(file), summarize(plain), summarize(file, { signal: controller.signal }), summarize(file)]
  controller.abort()
  const results = await Promise.allSettled(all)
  assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  assert.equal(results[2].reason.code, 'HEAPWARDEN_ABORTED')
})

for (const where of ['thread', 'child']) {
  test(`an AbortSignal ends it, in a ${where}`, async () => {
    const reason = new Error('enough')
    const early = summarize(file, { process: where, signal: AbortSignal.abort(reason) })
    await assert.rejects(early, { code: 'HEAPWARDEN_ABORTED', cause: reason })
    const controller = new AbortController()
    const begun = summarize(file, { process: where, signal: controller.signal })
    setImmediate(() => controller.abort(reason))
    await assert.rejects(begun, { code: 'HEAPWARDEN_ABORTED', cause: reason })
  })

  test(`too little memory is refused with the figures, in a ${where}`, async () => {
    await assert.rejects(summarize(file, { maxMemory: '2MB', process: where }), (error) => {
      assert.equal(error.code, 'HEAPWARDEN_MEMORY_BUDGET')
      assert.match(error.message, /needs about [\d.]+ MiB, and maxMemory allows [\d.]+ [KM]iB/)
      return true
    })
    assert.ok((await summarize(file, { maxMemory: '2GB', process: where })).nodes > 0)
  })

  test(`damage has its place, and can be lived with, in a ${where}`, async (t) => {
    const options = { process: where }
    for (const from of [file, plain]) {
      const damaged = cut(from, 0.9, t)
      const { size } = fs.statSync(damaged)
      await assert.rejects(summarize(damaged, options), (error) => {
        assert.equal(error.code, 'HEAPWARDEN_CORRUPT_SNAPSHOT')
        assert.match(error.message, new RegExp(`byte ${size}\\b`))
        return true
      })
    }
    // The strings come last: of a plain file cut there everything else is given.
    const salvaged = await summarize(cut(plain, 0.99, t), { ...options, salvage: true })
    const whole = await summarize(plain)
    assert.equal(salvaged.complete, false)
    assert.match(salvaged.damage, /byte \d+/)
    assert.deepEqual([salvaged.nodes, salvaged.edges], [whole.nodes, whole.edges])
    assert.equal((await summarize(file, { ...options, salvage: true })).complete, true)
  })
}

test('what is no snapshot is refused with the right code', async (t) => {
  const folder = tempDir(t)
  const write = (name, text) => {
    fs.writeFileSync(path.join(folder, name), text)
    return path.join(folder, name)
  }
  for (const [place, code] of [
    [path.join(folder, 'none'), 'HEAPWARDEN_NOT_FOUND'],
    [write('empty', ''), 'HEAPWARDEN_CORRUPT_SNAPSHOT'],
    [write('text', 'hello'), 'HEAPWARDEN_CORRUPT_SNAPSHOT'],
    [write('other.json', '{"a":1}'), 'HEAPWARDEN_CORRUPT_SNAPSHOT'],
    [write('large.heapsnapshot', fs.readFileSync(plain, 'utf8').replace(/"node_count":\d+/, '"node_count":1000000000')), 'HEAPWARDEN_CORRUPT_SNAPSHOT'],
    ...process.platform === 'win32' ? [] : [['/dev/null', 'HEAPWARDEN_INVALID_OPTION']]
  ]) await assert.rejects(summarize(place), { name: 'HeapwardenError', code }, place)
})

test('options are checked', async () => {
  for (const [call, says] of [
    [() => summarize(), /^path: undefined was given/],
    [() => summarize(''), /^path:/],
    [() => summarize(file, { sallvage: true }), /^sallvage: there is no such option \(did you mean 'salvage'\?\)/],
    [() => summarize(file, { top: 0 }), /^top:/],
    [() => summarize(file, { className: 5 }), /^className:/],
    [() => summarize(file, { maxMemory: 'much' }), /^maxMemory:.*'auto'/],
    [() => summarize(file, { process: 'fork' }), /^process:.*'thread', 'child'/],
    [() => summarize(file, { signal: 5 }), /^signal:.*AbortSignal/],
    [() => summarize(file, { onProgress: 5 }), /^onProgress:.*function/],
    [() => summarize(file, { ids: true }), /^ids: there is no such option/],
    [() => compare(file), /^after:/],
    [() => compare([file]), /^paths: 1 given/],
    [() => compare([file, 5]), /^paths\[1\]:/],
    [() => compare([file, file], {}, {}), /second argument/],
    [() => compare(file, file, { ids: 'yes' }), /^ids:/],
    [() => findPaths(file), /^target:/],
    [() => findPaths(file, {}), /^target:.*either/],
    [() => findPaths(file, { id: 5, className: 'A' }), /^target:.*either/],
    [() => findPaths(file, { id: 1.5 }), /^target\.id:/],
    [() => findPaths(file, { className: /A/ }), /^target\.className:/],
    [() => findPaths(file, { id: 5 }, { limit: 0 }), /^limit:/]
  ]) await assert.rejects(call(), { code: 'HEAPWARDEN_INVALID_OPTION', message: says })
})

test('progress is told, and a listener that throws is spared', async (t) => {
  t.mock.method(process, 'emitWarning', () => {})
  for (const where of ['thread', 'child']) {
    const told = []
    await summarize(plain, {
      process: where,
      onProgress (progress) {
        told.push(progress)
        throw new Error(`a test's listener, ${where}`)
      }
    })
    for (const { stage, done, total, file, files } of told) {
      assert.ok(['reading', 'rules', 'dominators', 'tables'].includes(stage))
      assert.ok(done >= 0 && total >= 0 && file === 1 && files === 1)
    }
  }
})

test('a child that dies is an error with a code', async (t) => {
  const { spawn } = childProcess
  let command = process.execPath
  let signal
  t.mock.method(childProcess, 'spawn', (_, ...args) => {
    const child = spawn(command, ...args)
    child.kill(signal)
    return child
  })
  signal = 'SIGKILL'
  await assert.rejects(summarize(file, { process: 'child' }), { code: 'HEAPWARDEN_MEMORY_BUDGET', message: /killed/ })
  signal = 'SIGSEGV'
  await assert.rejects(summarize(file, { process: 'child' }), { code: 'HEAPWARDEN_ANALYSIS_FAILED', message: /SIGSEGV/ })
  command = path.join(dir, 'no such program')
  await assert.rejects(summarize(file, { process: 'child' }), { code: 'HEAPWARDEN_ANALYSIS_FAILED', message: /no child/ })
})

test('what preloads into this process stays out of the child', async () => {
  const program = `
    require(${JSON.stringify(root)}).summarize(${JSON.stringify(file)}, { process: 'child' }).then(({ nodes }) => console.log(nodes > 0))`
  const preload = path.join(dir, 'preload.js')
  fs.writeFileSync(preload, "console.log('preloaded')")
  const { stdout, stderr } = await node(['-e', program], { env: { NODE_OPTIONS: `--require ${preload}` } })
  assert.equal(stdout, 'preloaded\ntrue\n', stderr)
})

test('paths lead from the roots to what is held', async () => {
  const [best, ...others] = await findPaths(file, { className: 'AnalysedMarker' })
  assert.ok(best.count > 900 && best.retainedSize > 0, JSON.stringify(best))
  assert.match(best.text, /analysedHolder\.markers/)
  assert.equal(best.steps.at(-1).node.id, best.target.id)
  assert.equal(best.target.className, 'AnalysedMarker')
  assert.ok(others.length < 5)

  const [{ target, steps }] = await findPaths(file, { id: best.target.id }, { limit: 1, process: 'child' })
  assert.deepEqual(target, best.target)
  assert.ok(steps.length > 2 && steps.every(({ edge, edgeType, node }) => typeof edge === 'string' && edgeType && node.id >= 0))
  await assert.rejects(findPaths(file, { className: 'NoSuchClass' }), { code: 'HEAPWARDEN_NOT_FOUND', message: /NoSuchClass/ })
  await assert.rejects(findPaths(file, { id: 2 ** 40 }), { code: 'HEAPWARDEN_NOT_FOUND', message: /@1099511627776/ })
})

test('two of one process with stable ids are compared object by object', { skip: !capabilities.v8.available && 'needs stableIds' }, async (t) => {
  class ComparedMarker { constructor (i) { this.text = `compared ${i}` } }
  const make = (count) => Array.from({ length: count }, (_, i) => new ComparedMarker(i))
  const folder = tempDir(t)
  globalThis.compared = make(300)
  const before = await takeSnapshot({ dir: folder, stableIds: true })
  globalThis.compared = [...globalThis.compared.slice(0, 200), ...make(50)]
  const after = await takeSnapshot({ dir: folder, stableIds: true })
  t.after(() => { delete globalThis.compared })

  const diff = await compare(before.path, after.path)
  assert.equal(diff.comparableIds, true, diff.reason)
  assert.match(diff.reason, new RegExp(`process ${process.pid}`))
  const row = diff.classes.find(({ name }) => name === 'ComparedMarker')
  assert.deepEqual([row.added, row.removed, row.countDelta], [50, 100, -50])
  assert.equal(row.sizeDelta, row.addedSize - row.removedSize)
  assert.deepEqual([diff.totalSize.before, diff.totalSize.after],
    [(await summarize(before.path)).totalSize, (await summarize(after.path)).totalSize])
  assert.deepEqual(await compare([before.path, after.path], { process: 'child' }), diff)

  const totals = await compare(before.path, after.path, { ids: false, className: /^Compared/ })
  assert.equal(totals.comparableIds, false)
  assert.deepEqual(totals.classes.map(({ name, added, removed, countDelta }) => [name, added, removed, countDelta]), [['ComparedMarker', 0, 50, -50]])
})

test('without stable ids class totals are compared, and it says why', async () => {
  const twice = await compare(file, file)
  assert.equal(twice.comparableIds, false)
  assert.match(twice.reason, /without stableIds/)
  assert.deepEqual([twice.classes, twice.complete], [[], true])
  const forced = await compare(file, file, { ids: true, top: 5 })
  assert.deepEqual([forced.comparableIds, forced.classes], [true, []])
  assert.match((await compare(file, plain)).reason, /only one of the files/)
  assert.equal((await compare(plain, plain)).comparableIds, true, 'nothing is told, but all look the same')
})

test('three snapshots tell what grows every time', async (t) => {
  class GrowingMarker { constructor (i) { this.text = `growing ${i}` } }
  const folder = tempDir(t)
  t.after(() => { delete globalThis.growing })
  globalThis.growing = []
  const places = []
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 100; i++) globalThis.growing.push(new GrowingMarker(i))
    places.push((await takeSnapshot({ dir: folder })).path)
  }
  const files = new Set()
  const trend = await compare(places, { onProgress: (progress) => files.add(progress.files) })
  assert.deepEqual(trend.snapshots.map((one) => one.path), places)
  assert.equal(trend.comparableIds, false)
  const row = trend.classes.find(({ name }) => name === 'GrowingMarker')
  assert.deepEqual([row.counts, row.growsEveryTime], [[100, 200, 300], true])
  assert.ok([...files].every((count) => count === 3))
  const { classes } = await compare(places, { className: 'GrowingMarker', process: 'child' })
  assert.deepEqual(classes, [row])
})

'use strict'

// What Chrome DevTools' own code makes of a snapshot: every number that it would show.
//
//   node __test__/oracle/devtools.js [--more] FILE [LATER]   a short account, as JSON

const { createReadStream } = require('node:fs')
const { Worker, isMainThread, workerData } = require('node:worker_threads')
const { ensureBundle } = require('./bundle')

/** As much as DevTools' front end hands to its worker at once. */
const CHUNK = 10_000_000

// Not in Node 20 yet.
Promise.withResolvers ??= () => {
  let resolve, reject
  const promise = new Promise((...both) => { [resolve, reject] = both })
  return { promise, resolve, reject }
}

/**
 * Reads a snapshot (plain JSON) as DevTools does, which lends a second thread to the dominators.
 * @param {string} file
 * @returns {Promise<object>} DevTools' JSHeapSnapshot
 */
async function load (file) {
  const bundle = await ensureBundle()
  const { HeapSnapshot, HeapSnapshotLoader } = await import(bundle)
  withoutAllocations(HeapSnapshot.JSHeapSnapshot.prototype)
  const problems = []
  const loader = new HeapSnapshotLoader.HeapSnapshotLoader({ sendEvent: (name, data) => { if (/broken/i.test(name)) problems.push(data) } })
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: CHUNK })) loader.write(chunk)
  loader.close()
  await loader.parsingComplete
  const { port1, port2 } = new MessageChannel()
  const second = new Worker(__filename, { workerData: { bundle, port: port2 }, transferList: [port2] })
  try {
    const snapshot = await Promise.race([
      loader.buildSnapshot(port1),
      new Promise((_resolve, reject) => second.once('error', reject))
    ])
    if (problems.length > 0) throw new Error(`DevTools finds ${file} broken: ${problems.join('; ')}`)
    return snapshot
  } finally {
    port1.close()
    await second.terminate()
  }
}

const patched = new WeakSet()

/**
 * Who allocated what is no matter here. V8 sometimes lists more functions than it has said that it would, and DevTools,
 * which reads as many as were said, then fails.
 */
function withoutAllocations (prototype) {
  if (patched.has(prototype)) return
  patched.add(prototype)
  const { initialize } = prototype
  prototype.initialize = function (port) {
    this.profile.snapshot.trace_function_count = 0
    return initialize.call(this, port)
  }
}

/** A number a node, in the order of the file. `dominators` are positions in that order too. */
function columns (snapshot) {
  const { nodeCount, nodeFieldCount, nodeIdOffset, nodeSelfSizeOffset, nodes } = snapshot
  const ids = new Uint32Array(nodeCount)
  const selfSizes = new Float64Array(nodeCount)
  for (let ordinal = 0, at = 0; ordinal < nodeCount; ordinal++, at += nodeFieldCount) {
    ids[ordinal] = nodes.getValue(at + nodeIdOffset)
    selfSizes[ordinal] = nodes.getValue(at + nodeSelfSizeOffset)
  }
  const { retainedSizes, nodeDistances: distances, dominatorsTree: dominators } = snapshot
  return { ids, selfSizes, retainedSizes, distances, dominators }
}

/** What a node is called on the screen. */
function describe (snapshot, ordinal) {
  const node = snapshot.createNode(ordinal * snapshot.nodeFieldCount)
  return { id: node.id(), type: node.type(), name: node.name(), className: node.className() }
}

/** The rows of the summary. */
function classes (snapshot) {
  return Object.entries(snapshot.aggregatesWithFilter({}))
    .map(([key, { name, count, self, maxRet, distance }]) => ({ key, name, count, self, retained: maxRet, distance }))
}

/**
 * The classes as DevTools adds them up. Some get one key afterwards (closures are `Function`, and so is what comes of
 * Object.create(Function.prototype)): of such twins the later one takes the other's place in `classes`.
 */
function innerClasses (snapshot) {
  const sums = snapshot.buildAggregates(undefined)
  snapshot.calculateClassesRetainedSize(sums, undefined)
  return [...sums].map(([inner, { name, count, self, maxRet, distance }]) =>
    ({ key: typeof inner === 'number' ? `,${name}` : inner, name, count, self, retained: maxRet, distance }))
}

/** Twins: the rows that `classes` lacks, and those that stand in their places. */
function twins (snapshot) {
  const rows = innerClasses(snapshot)
  const keys = rows.map(({ key }) => key)
  return rows.filter(({ key }) => keys.indexOf(key) !== keys.lastIndexOf(key))
}

function statistics (snapshot) {
  const { total, v8heap, native } = snapshot.getStatistics()
  return {
    total,
    v8heap: v8heap.total,
    native: native.total,
    code: v8heap.code,
    strings: v8heap.strings,
    jsArrays: v8heap.jsArrays,
    typedArrays: native.typedArrays,
    system: v8heap.system
  }
}

/** Texts that several strings have, by falling retained size. `length` where V8 has cut it and told so. */
function duplicates (snapshot) {
  return snapshot.getDuplicateStrings().map(({ value, count, totalSelfSize, totalRetainedSize, truncated, length }) =>
    ({ text: value, count, self: totalSelfSize, retained: totalRetainedSize, length: truncated ? length : undefined }))
}

/** The rows of the comparison of two snapshots of one process. */
function diff (before, after) {
  const rows = after.calculateSnapshotDiff(1, before.aggregatesForDiff(after.interfaceDefinitions()))
  return Object.entries(rows).map(([key, { addedCount, removedCount, addedSize, removedSize }]) =>
    ({ key, added: addedCount, removed: removedCount, addedSize, removedSize }))
}

module.exports = { classes, columns, describe, diff, duplicates, innerClasses, load, statistics }

/** The other end of `load`. */
async function assist ({ bundle, port }) {
  const { HeapSnapshot } = await import(bundle)
  new HeapSnapshot.SecondaryInitManager(port)
}

async function account (args) {
  const more = args[0] === '--more'
  const [file, later] = more ? args.slice(1) : args
  if (!file) throw new Error('usage: devtools.js [--more] FILE [LATER]')
  const snapshot = await load(file)
  const rows = classes(snapshot).sort((a, b) => b.retained - a.retained)
  const changes = later && diff(snapshot, await load(later))
  console.log(JSON.stringify({
    nodes: snapshot.nodeCount,
    edges: snapshot.containmentEdges.length / snapshot.edgeFieldsCount,
    statistics: statistics(snapshot),
    classes: rows.length,
    largest: rows.slice(0, 10),
    ...more && { twins: twins(snapshot), duplicates: duplicates(snapshot).slice(0, 10) },
    ...changes && { changes: changes.length, grown: changes.sort((a, b) => b.addedSize - a.addedSize).slice(0, 10) }
  }, null, 2))
}

if (!isMainThread && workerData?.bundle) assist(workerData)
else if (require.main === module) account(process.argv.slice(2)).catch((error) => { console.error(error); process.exitCode = 1 })

'use strict'

// The addon: finds its file, attaches this thread, and turns its JSON into what lib/ speaks. The only module
// that knows the binary, and whether there is one: without it lib/addon/fallback/ takes its place.

const fs = require('node:fs')
const path = require('node:path')
const v8 = require('node:v8')
const { ask, settled } = require('./answerer')
const { getEnvironmentData, isMainThread, setEnvironmentData, threadId } = require('node:worker_threads')
const { HeapwardenError } = require('../base/errors')
const { optionValue } = require('../base/node-options')
const portable = require('./portable')
const { unfit } = require('./unfit')
const { ACCEPTED, yesOrNo } = require('../base/yes-or-no')

/** Bundlers that make an ES module of this file leave it without its own folder. */
const ownFolder = typeof __dirname === 'string' ? __dirname : undefined
/**
 * The folder that native/ lies in: lib/'s as npm puts it, and one folder up for whoever has bundled our code and carried the
 * binary along. Never two up from there: that may be outside the application, whose code is not to be run.
 */
const packageFolder = ownFolder && path.join(ownFolder, ownFolder.endsWith(path.join(path.sep, 'lib', 'addon')) ? '../..' : '..')
const WARNED = 'heapwarden: no binary'
const MISREAD = 'heapwarden: variables that say neither yes nor no'

warnOfMisread()

/** Without a binary the service lives on, watched by JavaScript. `why` then says what is wrong with it. */
const { binding, why } = find()

/** Of this thread; set by attach(). */
let host
let nextRequest = 1

/** Of variables that are read where nothing can be refused, here and in the addon. Worker threads inherit that it was told. */
function warnOfMisread () {
  if (getEnvironmentData(MISREAD)) return
  setEnvironmentData(MISREAD, true)
  for (const name of ['HEAPWARDEN_NATIVE', 'HEAPWARDEN_PORTABLE', 'HEAPWARDEN_FORK']) {
    const text = process.env[name]
    if (!text || yesOrNo(text) !== undefined) continue
    process.emitWarning(`${name}: ${JSON.stringify(text.slice(0, 60))} was given and is not used; accepted: ${ACCEPTED}`, { type: 'HeapwardenWarning', code: 'HEAPWARDEN_INVALID_OPTION' })
  }
}

/** The addon, or why there is none; who did not choose that is told once. */
function find () {
  if (yesOrNo(process.env.HEAPWARDEN_NATIVE) === false) return { why: `HEAPWARDEN_NATIVE is ${process.env.HEAPWARDEN_NATIVE}` }
  try {
    return { binding: load() }
  } catch (error) {
    if (error.code !== 'HEAPWARDEN_UNSUPPORTED') throw error
    // Worker threads inherit it.
    if (!getEnvironmentData(WARNED)) {
      setEnvironmentData(WARNED, true)
      process.emitWarning(`${error.message} Until then this process is watched by JavaScript alone: see heapwarden.capabilities`, { type: 'HeapwardenWarning', code: error.code })
    }
    return { why: error.message }
  }
}

function load () {
  if (packageFolder === undefined) throw unfit({ packageFolder, shipped: [] })
  const folder = path.join(packageFolder, 'native')
  const shipped = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.node')) : []
  const place = `heapwarden.${process.platform}-${process.arch}`
  const fitting = shipped.filter((name) => name === `${place}.node` || name.startsWith(`${place}-`))
  let failure
  // One candidate on every platform but Linux, where the C library decides: asking for it is slow, trying is not.
  for (const name of fitting) {
    try {
      return require(path.join(folder, name))
    } catch (error) {
      failure = error
    }
  }
  throw unfit({ packageFolder, file: __filename, shipped, failure })
}

/** The program that goes on with an image. It is there on Linux x64 alone, and its lack is told by who wants to start it. */
const loader = () => path.join(packageFolder, 'native', 'heapwarden-thaw-linux-x64')

/** How often V8's figures are compared with the addon's reading of them before that is given up. */
const LOOKS = 5

/**
 * Has the addon compare V8's figures with its own reading before it trusts that. They may change in between, as V8 sweeps on
 * threads of its own: a layout that is not known is wrong each time.
 */
function verify () {
  for (let look = 0; look < LOOKS; look++) {
    if (binding.verify(JSON.stringify(v8.getHeapStatistics()))) return
  }
}

/** Registers this thread; `deliver` is called on the loop when there are events, and must not throw. */
function attach (deliver) {
  let sees
  verify()
  host = binding.attach(JSON.stringify({
    threadId: isMainThread ? 0 : threadId,
    nodeVersion: process.version,
    v8Version: process.versions.v8,
    diagnosticDir: optionValue('--diagnostic-dir'),
    v8PoolSize: Number.parseInt(optionValue('--v8-pool-size')) || undefined
  }), (hasEvents) => {
    // Nothing may leave this function: an exception here would end the host.
    try {
      if (sees === false) publishArrayBuffers()
      if (hasEvents) deliver()
    } catch {}
  })
  if (host.native) binding.keepAnswerer(ask, settled)
  // process.exit() runs no cleanup hook of the addon's.
  process.once('exit', () => host.leave())
  if (host.native) sees = findArrayBuffers()
  // Unknown until the loop turns otherwise.
  if (sees === false) publishArrayBuffers()
  if (!host.native) portable.publish(host)
  return host.native
}

/** NaN where Node throws: it opens a file to tell them, and there may be no descriptor left, or no /proc. */
function arrayBuffers () {
  try {
    return process.memoryUsage().arrayBuffers
  } catch {
    return NaN
  }
}

function publishArrayBuffers () {
  const bytes = arrayBuffers()
  if (bytes >= 0) host.publishArrayBuffers(bytes)
}

/** Whether the addon reads the ArrayBuffer counter itself, also while the loop is blocked. */
function findArrayBuffers () {
  // A GC between the two looks changes the counter too; the second try is for that.
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = arrayBuffers()
    if (Number.isNaN(before)) return false
    host.arrayBuffersBefore(before)
    const probe = new ArrayBuffer(4096 + 64 * attempt)
    const found = host.arrayBuffersAfter(arrayBuffers())
    if (found && probe.byteLength > 0) return true
  }
  return false
}

/** From this version on V8 makes the ArrayBuffer of a memory of WebAssembly when it is asked for it, and no earlier. */
const LAZY = 14
let buffersFound = false

/** Whether it is known where memories of WebAssembly lie; by one of each kind that is made to see it. */
function tellMemories () {
  if (Number.parseInt(process.versions.v8) < LAZY) return host.tellMemories()
  try {
    const kinds = [{ initial: 1 }, { initial: 1n, maximum: 1n, address: 'i64' }]
    return host.tellMemories(kinds.map((kind) => new WebAssembly.Memory(kind).buffer))
  } catch {
    // A limit on addresses, or a Node without WebAssembly.
    return false
  }
}

/**
 * What is ordered with these options may be an image without the contents of Buffers: then the addon has to know where those lie.
 * A collection that comes in between spoils the look.
 */
function findBuffers (json) {
  if (buffersFound || !json.includes('"imageBuffers":false')) return json
  const told = tellMemories()
  for (let attempt = 0; !buffersFound && attempt < 3; attempt++) {
    buffersFound = host.findBuffers(new ArrayBuffer(4096 + 64 * attempt), new ArrayBuffer(8192 + 64 * attempt), new Uint8Array(40), 40)
  }
  buffersFound &&= told
  return json
}

/** The events, oldest first, as JSON; null when there are none. What is ours to answer is answered here. */
function drain () {
  const json = host.drain()
  return json === null || host.native ? json : portable.answer(host, json)
}

/** Lists, removes, analyses: the task answers `{value}` or `{failure}`. */
async function answerOf (task) {
  const { value, failure } = JSON.parse(await task)
  if (failure) throw new HeapwardenError(failure.code, failure.message)
  return value
}

/**
 * Opens a snapshot to read its JSON, or that as one zstd frame; `read` gives null at the end, undefined where a pipe has nothing yet.
 * @param {string|null} file `null`: standard input
 */
function openSnapshot (file, packed = false) {
  const reader = binding.openSnapshot(file, packed)
  let closed = false
  return {
    async read (most) {
      const piece = await reader.read(most)
      if (piece === null) return closed ? null : undefined
      if (typeof piece === 'string') {
        const { code, message } = JSON.parse(piece)
        throw new HeapwardenError(code, message)
      }
      return piece.length > 0 ? piece : null
    },
    close () {
      closed = true
      reader.close()
    }
  }
}

/** Orders an analysis. Keep the object until `result` has settled: what nobody holds is given up. */
function analyze (request) {
  const analysis = new binding.Analysis(JSON.stringify(request))
  return {
    result: answerOf(analysis.run()),
    progress: () => JSON.parse(analysis.progress()),
    cancel: () => analysis.cancel()
  }
}

module.exports = binding === undefined ? require('./fallback').create(why, { diagnosticDir: () => optionValue('--diagnostic-dir') }) : {
  version: binding.version(),
  say: binding.say,
  stderrTakes: binding.stderrTakes,
  parseBytes: binding.parseBytes,
  parseDuration: binding.parseDuration,
  parseRatio: binding.parseRatio,
  metrics: binding.metrics,
  actions: binding.actions,
  analyze,
  attach,
  drain,
  openSnapshot,
  /** An image to be thawed: see src/node/thaw.rs. Keep the object until its promises have settled. */
  thawing: (json) => new binding.Thawing(JSON.stringify({ ...JSON.parse(json), loader: loader() })),
  imageAt: (place, needed) => answerOf(binding.imageAt(place, needed)),
  imageNeeds: (file) => answerOf(binding.imageNeeds(file)),
  home: binding.home,
  sweepReaders: binding.sweepReaders,
  capabilities () {
    verify()
    return binding.capabilities()
  },
  monitorStart: (json) => host.monitorStart(findBuffers(json)),
  lacksThread: () => host.lacksThread?.() ?? false,
  sampleHere: () => host.sampleHere(),
  monitorUpdate: (id, json) => host.monitorUpdate(id, findBuffers(json)),
  monitorStop: (id) => host.monitorStop(id),
  monitorLatest: (id) => host.monitorLatest(id),
  monitorHistory: (id) => host.monitorHistory(id),
  monitorRules: (id) => host.monitorRules(id),
  monitorSample (id) {
    const request = nextRequest++
    host.monitorSample(id, request)
    return request
  },
  lookAtSignals: () => host.lookAtSignals(),
  listen: (id, sample, gc) => host.listen(id, sample, gc),
  capture: (json, monitor = 0) => host.capture(findBuffers(json), monitor),
  report: (json, monitor = 0) => host.report(findBuffers(json), monitor),
  captureSync: (json) => host.captureSync(findBuffers(json)),
  cancel: (capture) => host.cancel(capture),
  snapshotDir: () => binding.snapshotDir(optionValue('--diagnostic-dir')),
  list: async (dir) => JSON.stringify(await answerOf(binding.list(dir))),
  remove: (dir, name) => answerOf(binding.remove(dir, name))
}

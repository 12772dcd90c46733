'use strict'

// One snapshot through node:v8, into a file under a temporary name that gets its own when it is whole.

const fs = require('node:fs')
const path = require('node:path')
const { pipeline } = require('node:stream/promises')
const v8 = require('node:v8')
const { isMainThread, threadId } = require('node:worker_threads')
const zlib = require('node:zlib')
const { version } = require('../../../package.json')
const { HeapwardenError } = require('../../base/errors')
const { replaceable } = require('../../base/target')
const { admit } = require('./budget')
const folder = require('./folder')
const frames = require('./frames')
const names = require('./name')
const { needsZstd, zstd } = require('./reader')
const store = require('./store')

const KEEP = { count: 5, bytes: 2 * 2 ** 30, age: 7 * 86_400_000 }
/** The disk is looked at again after at most so many bytes. */
const STEP = 4 * 2 ** 20
const HEAD = 64 * 1024

function refuseWhatNeedsTheAddon ({ mode, form, redact }) {
  const what = mode === 'fork' ? "mode 'fork'" : form === 'image' ? "form 'image'" : redact ? 'redact' : undefined
  if (what) throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `${what} needs heapwarden's binary, which is not used here; see capabilities`)
}

/** zstd level; 0 = plain. */
function levelOf ({ level, path: file }) {
  const packed = file?.endsWith('.zst')
  if (!zstd && packed) throw needsZstd(`writing ${file}`)
  return zstd ? level ?? (file?.endsWith('.heapsnapshot') ? 0 : 1) : 0
}

async function exactPlace (file) {
  const dir = path.dirname(file)
  const parent = await fs.promises.stat(dir).catch(() => undefined)
  if (!parent?.isDirectory()) throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `the folder ${dir} does not exist: create it first`)
  replaceable(file)
  return dir
}

/** Counts the JSON that passes by, and remembers how it begins and ends. */
class Meter {
  rawBytes = 0
  #head = []
  #headBytes = 0
  #tail = Buffer.alloc(0)

  /** @param {AsyncIterable<Buffer>} source */
  async * pass (source) {
    for await (const chunk of source) {
      const bytes = Buffer.from(chunk)
      this.rawBytes += bytes.length
      if (this.#headBytes < HEAD) {
        this.#head.push(bytes)
        this.#headBytes += bytes.length
      }
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(-64)]).subarray(-64)
      yield bytes
    }
  }

  get whole () {
    return store.ends(this.#tail)
  }

  get nodes () {
    return store.nodeCount(Buffer.concat(this.#head))
  }
}

async function writeAll (file, bytes) {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done)).bytesWritten
}

/** @returns {Promise<{ pauseMs: number, meter: Meter, dataBytes: number }>} */
async function write (file, dir, options, level, signal) {
  const begin = performance.now()
  // Not a stream, whatever it looks like: V8 writes the whole JSON into memory here.
  const source = v8.getHeapSnapshot({ exposeNumericValues: options.numericValues === true })
  const pauseMs = performance.now() - begin
  const meter = new Meter()
  let [dataBytes, allowance] = [0, 0]
  const packer = level > 0
    ? [zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_compressionLevel]: level, [zlib.constants.ZSTD_c_checksumFlag]: 1 } })]
    : []
  await pipeline(source, (chunks) => meter.pass(chunks), ...packer, async (chunks) => {
    for await (const chunk of chunks) {
      if (allowance < chunk.length) {
        await folder.room(dir, options.minFreeDisk, chunk.length)
        allowance = STEP
      }
      await writeAll(file, chunk)
      dataBytes += chunk.length
      allowance -= chunk.length
    }
  }, { signal })
  if (!meter.whole) throw new HeapwardenError('HEAPWARDEN_CAPTURE_FAILED', 'node:v8 ended in the middle of the snapshot')
  return { pauseMs, meter, dataBytes }
}

/**
 * Takes it. `options` are those of lib/options/check.js in the addon's form; `at`: when it was ordered, epoch ms.
 * @returns {Promise<object>} SnapshotInfo
 */
async function take (options, { at, diagnosticDir, signal }) {
  const began = performance.now()
  refuseWhatNeedsTheAddon(options)
  const level = levelOf(options)
  admit(options.memoryBudget)
  const header = {
    format: 1,
    heapwarden: version,
    at,
    pid: process.pid,
    threadId: isMainThread ? 0 : threadId,
    nodeVersion: process.version,
    v8Version: process.versions.v8,
    trigger: options.trigger ?? 'manual',
    mode: 'portable',
    redacted: false,
    stableIds: Boolean(options.stableIds),
    numericValues: options.numericValues === true,
    form: 'snapshot'
  }
  const dir = options.path === undefined ? folder.resolve(options.dir, diagnosticDir) : await exactPlace(options.path)
  if (options.path === undefined) await folder.prepare(dir)
  const generated = names.generate(header, level > 0)
  const target = options.path ?? path.join(dir, generated)
  const temporary = path.join(dir, names.temporary(generated))
  await folder.room(dir, options.minFreeDisk, 1)
  let file
  try {
    file = await fs.promises.open(temporary, 'wx', 0o600)
    if (level > 0) await writeAll(file, frames.header(header))
    const { pauseMs, meter, dataBytes } = await write(file, dir, options, level, signal)
    const trailer = {
      complete: true, rawBytes: meter.rawBytes, dataBytes, frames: level > 0 ? 1 : 0, nodes: meter.nodes, pauseMs, durationMs: performance.now() - began, attempts: 1
    }
    if (level > 0) await writeAll(file, frames.trailer(trailer))
    await file.sync()
    const { size } = await file.stat()
    if (options.path === undefined) await folder.rename(temporary, target)
    else await fs.promises.rename(temporary, target)
    return store.infoOf(target, size, header, trailer)
  } catch (error) {
    await fs.promises.rm(temporary, { force: true }).catch(() => {})
    if (error instanceof HeapwardenError || signal.aborted) throw error
    throw folder.failed('cannot write', target, error)
  } finally {
    await file?.close().catch(() => {})
  }
}

/** What the folder need not keep any more goes. */
async function tidy (info, { keepCount = KEEP.count, keepBytes = KEEP.bytes, keepAgeMs = KEEP.age, path: exact }) {
  if (exact !== undefined) return
  const dir = path.dirname(info.path)
  await store.clean(dir)
  await store.keep(dir, { count: keepCount, bytes: keepBytes, age: keepAgeMs }, info.path)
}

module.exports = { take, tidy }

'use strict'

// Images without the contents of Buffers: what was planted in them is nowhere in the memory that the image holds, what was not
// in one is, and the copy still answers.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { ask, capabilities, summarize, thaw } = require('../..')
const native = require('../../lib/addon/native')
const { conversation } = require('../../lib/image')
const { checkAsk } = require('../../lib/image/options')
const { tempDir } = require('../support/helpers')
const { isWithout } = require('../support/marks')
const { finish, start } = require('../support/programs')

const { image, fork } = capabilities.snapshots
const skip = (!image.available && image.reason) || (!fork.available && fork.reason)

const list = async (dir) => JSON.parse(await native.list(dir))

const zeros = `[kept.pooled, kept.small, kept.large, kept.shared, new Uint8Array(kept.wasm.buffer), ...kept.many, kept.resizable, kept.tiny, kept.tinier, ...kept.hundreds]
  .every((one) => one.length > 0 && !one.subarray(0, 90).some(Boolean)) && kept.floats.every((one) => one === 0)`

describe('images: { buffers: false }', { skip }, () => {
  test('by fork, and its copy answers', async (t) => {
    const dir = tempDir(t)
    const [said] = await finish('buffers', [dir, 'fork'])
    assert.equal(said.info.mode, 'fork')
    await isWithout(said)
    const { path: file } = said.info
    assert.deepEqual((await list(dir)).map(({ buffers }) => buffers), [false])
    // One copy is asked it all.
    const copy = conversation(file, checkAsk())
    t.after(() => copy.end())
    const is = async (code, text) => assert.equal((await copy.ask(code)).text, text, code)
    await is(zeros, 'true')
    await is('[kept.large.length, kept.text.length, kept.many.length]', '[ 1000000, 32, 2000 ]')
    // What Node keeps in Buffers of its own is zeros too.
    await is('Buffer.from("abc").toString("hex") + new TextDecoder().decode(new TextEncoder().encode("ä"))', '616263ä')
    await is('process.uptime() > 0 && process.hrtime.bigint() > 0n && process.hrtime()[0] > 0 && process.memoryUsage().heapUsed > 0', 'true')
    await is('await new Promise((resolve) => queueMicrotask(() => resolve(new URL("http://a.b/c").pathname)))', '/c')
    await is('require("node:crypto").createHash("sha1").update("a").digest("hex").length + structuredClone([1]).length', '41')
    await is('require("node:zlib").gunzipSync(require("node:zlib").gzipSync("text")).toString()', 'text')
    await is('new (require("node:events"))().on("a", () => {}).emit("a") && process.exitCode', 'undefined')
    await is('[performance.timeOrigin, require("node:async_hooks").executionAsyncId()]', '[ 0, 0 ]')
    await is('new (require("node:async_hooks").AsyncLocalStorage)().run(7, () => require("node:async_hooks").executionAsyncId() >= 0)', 'true')
    const thawed = await thaw(file, { path: path.join(dir, 'a.heapsnapshot.zst') })
    assert.ok((await summarize(thawed.path)).statistics.typedArrays > 1e6, 'they are as large as they were')
  })

  test('in place', async (t) => {
    const [said] = await finish('buffers', [tempDir(t), 'place'])
    assert.equal(said.info.mode, 'inline')
    await isWithout(said)
    assert.equal(await ask(said.info.path, zeros), 'true')
  })

  test('those of a worker thread that has not loaded heapwarden; and none in place beside it', async (t) => {
    const [said] = await finish('buffers', [tempDir(t), 'worker'])
    await isWithout(said)
    assert.match(said.refused, /images: \{ buffers: false \}.*other threads/)
  })

  test('at the heap limit', async (t) => {
    const dir = tempDir(t)
    const { stderr } = await start('buffers', [dir, 'limit'], { flags: ['--max-old-space-size=30'] }).ended
    const [name] = fs.readdirSync(dir).filter((one) => /^[^.].*\.zst$/.test(one))
    assert.ok(name?.endsWith('.heapimage.zst'), `${name}: ${stderr}`)
    const [info] = await list(dir)
    await isWithout({ planted: [0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15], info })
    assert.equal(await ask(info.path, zeros), 'true')
  })
})

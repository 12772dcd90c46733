'use strict'

// An image that is ordered while V8's workers mark: none of them is in it amid its job, for in a copy that job would never end.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { createInterface } = require('node:readline')
const { tempDir } = require('../support/helpers')
const { ask, capabilities } = require('../..')

const { image } = capabilities.snapshots
const skip = !image.available && image.reason
const program = path.join(__dirname, '..', 'programs', 'marked.js')
/** One worker, which has its work for a while; V8 says when it begins. */
const FLAGS = ['--v8-pool-size=1', '--trace-incremental-marking', '--max-old-space-size=2000']

test('an image that is ordered amid V8\'s marking is whole', { skip }, async (t) => {
  const child = spawn(process.execPath, [...FLAGS, program, tempDir(t)], { stdio: ['pipe', 'pipe', 'inherit'], timeout: 120_000, killSignal: 'SIGKILL' })
  const ended = once(child, 'close')
  let [built, ordered, info] = [false, false]
  for await (const line of createInterface({ input: child.stdout })) {
    built ||= line === 'built'
    if (built && !ordered && line.includes('Start marking')) {
      ordered = true
      child.stdin.write('now\n')
    }
    if (line.startsWith('{')) info = JSON.parse(line)
  }
  assert.deepEqual(await ended, [0, null])
  assert.ok(ordered)
  assert.equal(info.form, 'image')
  assert.equal(info.mode, 'fork')
  // So much that it has to collect what it was marking.
  const answer = await ask(info.path, `(() => {
    for (let i = 0, some = []; i < 15e5; i++) some[i % 5e5] = new Array(20).fill(i)
    let n = 0
    for (let one = globalThis.list; one; one = one.next) n++
    return n
  })()`)
  assert.equal(answer, '6000000')
})

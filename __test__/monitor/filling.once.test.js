'use strict'

// A container that fills up: an image is there before it is full.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { capabilities } = require('../..')
const { root, tempDir } = require('../support/helpers')
const { memoryGroup } = require('../support/memory-group')

const MIB = 2 ** 20
const CONTAINER = 192 * MIB
const { image } = capabilities.snapshots

// It keeps Buffers, 1 MiB in 15 ms, from nine tenths of its container on more slowly, and ends with what is said of them.
const program = (place, dir) => `
  const fs = require('node:fs')
  fs.writeFileSync(${JSON.stringify(path.join(place, 'cgroup.procs'))}, String(process.pid))
  const monitor = require(${JSON.stringify(root)}).watch({ snapshots: { dir: ${JSON.stringify(dir)}, minFreeDisk: 0 } })
  const end = (said) => { console.log(JSON.stringify(said)); process.exit() }
  monitor.on('snapshot', ({ form, trigger }) => end({ form, trigger })).on('snapshotFailed', end)
  const kept = []
  let turn = 0
  setInterval(() => {
    const ratio = monitor.latest?.cgroup?.ratio ?? 0
    if (ratio < 0.9 || (ratio < 0.97 && ++turn % 8 === 0)) kept.push(Buffer.alloc(${MIB}, 1))
  }, 15)
  setInterval(() => {}, 1000)`

test('a leak that fills its container leaves an image before the kernel kills', { skip: !image.available && image.reason, timeout: 60_000 }, async (t) => {
  const place = memoryGroup(t, CONTAINER)
  if (!place) return
  const dir = tempDir(t)
  const child = spawn(process.execPath, ['-e', program(place, dir)], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece) => { text += piece })
  const [status] = await once(child, 'close')
  assert.equal(status, 0)
  assert.deepEqual(JSON.parse(text), { form: 'image', trigger: 'rule:cgroupFullIn' })
  assert.match(fs.readFileSync(path.join(place, 'memory.oom_control'), 'utf8'), /oom_kill 0/)
})

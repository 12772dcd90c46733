'use strict'

// After a capture V8's mappings are as Node wants them: not copied by later forks, which stay fast.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const { takeSnapshot } = require('..')
const { ballast, forkTest, hurried } = require('./forks')
const { tempDir } = require('./helpers')

const SPAWNS = 30
/** The machine is never quite still. Where libuv starts children by vfork nothing is copied: then the flags below tell. */
const SLOWER = 2.5

/** KiB of mappings that a fork does not copy: flag `dc`. */
function notCopied () {
  let size = 0
  let sum = 0
  for (const line of fs.readFileSync('/proc/self/smaps', 'latin1').split('\n')) {
    const [, kilobytes] = /^Size:\s+(\d+) kB/.exec(line) ?? []
    if (kilobytes) size = Number(kilobytes)
    if (/^VmFlags:.*\bdc\b/.test(line)) sum += size
  }
  return sum
}

async function spawnMs () {
  const times = []
  for (let i = 0; i < SPAWNS; i++) {
    const begun = performance.now()
    // Returns when the child has exec'd, or not: what a fork copies is within this call.
    const child = spawn('true', { stdio: 'ignore' })
    times.push(performance.now() - begun)
    await once(child, 'exit')
  }
  // The fastest: what else the machine does slows some of them down.
  return Math.min(...times)
}

forkTest('child_process.spawn is as fast after a capture as before', async (t) => {
  const kept = ballast(t, 30_000)
  await spawnMs()
  const before = await spawnMs()
  await hurried(takeSnapshot({ dir: tempDir(t), mode: 'fork' }))
  const after = await spawnMs()
  assert.ok(after <= before * SLOWER, `${after} ms after a capture, ${before} ms before`)
  assert.ok(kept().length > 0)
})

forkTest('what forks did not copy before they do not copy after', async (t) => {
  ballast(t)
  const before = notCopied()
  assert.ok(before > 20_000, `${before} KiB: Node marks V8's mappings`)
  await hurried(takeSnapshot({ dir: tempDir(t), mode: 'fork' }))
  const after = notCopied()
  assert.ok(after >= 0.9 * before, `${after} KiB after, ${before} KiB before`)
})

'use strict'

// After a capture V8's mappings are as Node wants them: not copied by later forks, which stay fast. And nothing else is:
// a child without its thread's stack or malloc's memory dies at once.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { takeSnapshot } = require('../../..')
const { ballast, forkTest, hurried } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')
const { finish } = require('../../support/programs')

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

forkTest('what forks did not copy before they do not copy after', async (t) => {
  ballast(t)
  const before = notCopied()
  assert.ok(before > 20_000, `${before} KiB: Node marks V8's mappings`)
  await hurried(takeSnapshot({ dir: tempDir(t), mode: 'fork' }))
  const after = notCopied()
  assert.ok(after >= 0.9 * before, `${after} KiB after, ${before} KiB before`)
})

forkTest('memory that was a heap when a capture was prepared, and a stack at the fork, is copied by later forks', async (t) => {
  const OBJECTS = 20_000
  const [{ ends, stacks, threads }] = await finish('reused', [tempDir(t), OBJECTS])
  assert.deepEqual(ends.filter((end) => end !== 0), [], 'how spawns ended')
  assert.deepEqual(stacks, [], 'stacks that no fork copies')
  assert.ok(threads > 1)
})

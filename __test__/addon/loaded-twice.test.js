'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { root, tempDir } = require('../support/helpers')
const { start } = require('../support/programs')
const { capabilities } = require('../..')

const skip = !capabilities.whileBlocked.available && 'needs V8\'s own interface'

/** A second installed copy: another file of the addon, of which the loader makes another library. */
function copy (t) {
  const dir = path.join(tempDir(t), 'heapwarden')
  for (const part of ['index.js', 'package.json', 'lib', 'native']) fs.cpSync(path.join(root, part), path.join(dir, part), { recursive: true })
  return dir
}

for (const how of ['registry', 'copies', 'esm']) {
  test(`loaded twice in one isolate (${how}): both watch, and V8 ends the process at its limit and for nothing else`, { skip }, async (t) => {
    const dir = tempDir(t)
    const other = how === 'copies' ? [copy(t)] : []
    const program = start('loaded-twice', [how, dir, ...other], { flags: ['--max-old-space-size=40'], deadline: 60_000 })
    const { signal, stderr, lines } = await program.ended
    assert.equal(signal, 'SIGABRT', stderr)
    assert.match(stderr, /FATAL ERROR: .*heap/, stderr)
    assert.doesNotMatch(stderr, /Check failed|Fatal error in/)
    assert.equal(lines.find((line) => 'same' in line).same, how === 'esm')
    for (const index of [0, 1]) {
      assert.ok(lines.some((line) => line.sampled === index), `monitor ${index} samples: ${JSON.stringify(lines)}`)
      assert.ok(lines.some((line) => line.near === index), `monitor ${index} hears of the limit: ${JSON.stringify(lines)}\n${stderr}`)
    }
  })
}

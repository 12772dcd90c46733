'use strict'

// V8 asks only the callback at the heap limit that was added last. Whoever else watches the limit, and whenever they came:
// they have their turn, and we have ours.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { before, test } = require('node:test')
const { tempDir } = require('../support/helpers')
const { start } = require('../support/programs')
const { capabilities } = require('../..')

const skip = !capabilities.whileBlocked.available && 'needs V8\'s own interface'
const neighbours = path.join(__dirname, '..', 'neighbours')

/** Once for all Node versions, when first asked for: no dependency of the project's own. */
before(() => {
  if (skip || fs.existsSync(path.join(neighbours, 'node_modules', '@datadog', 'pprof'))) return
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: neighbours, stdio: ['ignore', 'ignore', 'inherit'], timeout: 180_000 })
})

/** Whether the neighbour has had its turn. */
const turns = {
  flag: (dir) => fs.readdirSync(dir).some((name) => /^Heap\..*\.heapsnapshot$/.test(name)),
  pprof: (_, stderr) => stderr.includes('NearHeapLimit(count=1)')
}
turns.node = turns.flag

const neighboursAt = [['flag', 'first'], ['node', 'second'], ['pprof', 'first'], ['pprof', 'second']]
for (const [who, when, images] of [true, false].flatMap((on) => neighboursAt.map((one) => [...one, on]))) {
  test(`at the heap limit beside others (${who}, which came ${when}; images: ${images}): both have their turn, then V8 ends the process`, { skip }, async (t) => {
    const [ours, theirs] = [tempDir(t), tempDir(t)]
    const flags = ['--max-old-space-size=28', `--diagnostic-dir=${theirs}`]
    if (who === 'flag') flags.push('--heapsnapshot-near-heap-limit=1')
    const { signal, stderr, lines } = await start('limit-others', [who, when, ours, images], { flags, deadline: 90_000 }).ended
    // Whether its dump is whole is what heap-limit.test.js looks at; nobody waits for this one.
    const dump = Number(/ by process (\d+)/.exec(stderr)?.[1])
    if (dump) t.after(() => { try { process.kill(dump, 'SIGKILL') } catch {} })
    assert.equal(signal, 'SIGABRT', stderr)
    assert.match(stderr, /FATAL ERROR: .*heap/)
    if (images) {
      // The limit is hardly raised: the loop may not turn again.
      assert.match(stderr, /heapwarden: heap limit of .* reached; its image is /)
      assert.deepEqual(fs.readdirSync(ours).filter((name) => name.endsWith('.heapimage.zst')).length, 1)
    } else {
      assert.deepEqual(lines, [{ near: true }], stderr)
      assert.match(stderr, /heapwarden: heap limit of .* reached; its snapshot is /)
    }
    assert.ok(turns[who](theirs, stderr), `${who} was not asked: ${fs.readdirSync(theirs)}\n${stderr}`)
  })
}

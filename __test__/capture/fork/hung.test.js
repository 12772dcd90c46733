'use strict'

// Children that hang, and a kernel that does not want V8's memory copied: made by a library that is preloaded.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { before, after } = require('node:test')
const { childrenOf, forkTest } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')
const { isFinal, start } = require('../../support/programs')

/** Three hung children are ended within some seconds; a machine that is busy may take its time. */
const GIVEN_UP_MS = 45_000

let folder
let library
before(() => {
  folder = fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'heapwarden-preload-'))
  const file = path.join(folder, 'faults.so')
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-o', file, path.join(__dirname, '..', '..', 'programs', 'fork-faults.c')], { stdio: 'pipe' })
    library = file
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
})
after(() => fs.rmSync(folder, { recursive: true }))

/** Takes one snapshot in a program with these faults. Returns what it said and what it left. */
async function faulty (t, faults, options) {
  if (!library) return t.skip('needs a C compiler')
  const dir = tempDir(t)
  const env = { ...process.env, LD_PRELOAD: library, ...faults }
  const program = start('fork-host', [JSON.stringify({ dir, objects: 0, ...options })], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => program.child.kill('SIGKILL'))
  const { fork } = await program.line(({ type }) => type === 'ready')
  const said = await program.line(({ type }) => type === 'snapshot' || type === 'failed')
  const left = childrenOf(program.child.pid)
  program.child.stdin.end()
  const { stderr } = await program.ended
  assert.deepEqual([left, stderr], [[], ''])
  const files = fs.readdirSync(dir)
  assert.ok(files.every(isFinal), `${files}`)
  return { ...said, fork, files }
}

forkTest('a hung child is ended, and another one forked', async (t) => {
  const said = await faulty(t, { HANG_FORKS: '1' }, { mode: 'fork' })
  if (!said) return
  assert.equal(said.type, 'snapshot', said.message)
  assert.deepEqual([said.info.mode, said.info.attempts], ['fork', 2])
  assert.equal(said.files.length, 1)
})

// They take their time, and nothing of Node's is in it: once is enough.
if (process.versions.node.startsWith('24.')) {
  forkTest('a child that goes round in circles is ended, and another one forked', async (t) => {
    const said = await faulty(t, { SPIN_FORKS: '1' }, { mode: 'fork' })
    if (!said) return
    assert.equal(said.type, 'snapshot', said.message)
    assert.deepEqual([said.info.mode, said.info.attempts], ['fork', 2])
  })

  forkTest('pauseMs counts the attempts that came to nothing', async (t) => {
    // Far more than the inline snapshot of so small a heap takes by itself.
    const SLOW_MS = 800
    const said = await faulty(t, { HANG_FORKS: '9', SLOW_FORKS: String(SLOW_MS) }, { mode: 'auto', form: 'snapshot' })
    if (!said) return
    assert.equal(said.type, 'snapshot', said.message)
    assert.equal(said.info.mode, 'inline')
    assert.ok(said.info.pauseMs > 3 * SLOW_MS, `${said.info.pauseMs} ms`)
  })
}

forkTest("a stranger's thread that never sleeps is not waited for", async (t) => {
  const WAIT_MS = 20
  const pauses = []
  // A fork may take as long by itself now and then.
  for (let i = 0; i < 4 && !(Math.min(...pauses) < WAIT_MS); i++) {
    const said = await faulty(t, { BUSY_THREAD: '1' }, { mode: 'fork' })
    if (!said) return
    assert.equal(said.type, 'snapshot', said.message)
    pauses.push(said.info.pauseMs)
  }
  assert.ok(Math.min(...pauses) < WAIT_MS, `${pauses}`)
})

forkTest('mode fork gives up after three that hang', async (t) => {
  const said = await faulty(t, { HANG_FORKS: '9' }, { mode: 'fork' })
  if (!said) return
  assert.deepEqual([said.type, said.code], ['failed', 'HEAPWARDEN_CAPTURE_FAILED'])
  assert.match(said.message, /3 .*lock/)
  // Seen soon, and not at once: a child that merely waits for the disk must not be taken for a hung one.
  assert.ok(said.ms > 3 * 500 && said.ms < GIVEN_UP_MS, `${said.ms} ms`)
  assert.deepEqual(said.files, [])
})

forkTest('mode auto goes inline after three that hang', async (t) => {
  const said = await faulty(t, { HANG_FORKS: '9' }, { mode: 'auto', form: 'snapshot' })
  if (!said) return
  assert.equal(said.type, 'snapshot', said.message)
  assert.equal(said.info.mode, 'inline')
  assert.equal(said.files.length, 1)
})

forkTest("a rule's order in mode auto fails after three that hang: no rule stops JavaScript unasked", async (t) => {
  const said = await faulty(t, { HANG_FORKS: '9' }, { mode: 'auto', form: 'snapshot', rule: true })
  if (!said) return
  assert.deepEqual([said.type, said.code], ['failed', 'HEAPWARDEN_CAPTURE_FAILED'])
  assert.match(said.message, /3 forked children .* mode 'auto' does not do for a rule: mode 'inline' does/)
  assert.deepEqual(said.files, [])
})

for (const mode of ['fork', 'auto']) {
  forkTest(`a kernel that refuses MADV_DOFORK is known beforehand, mode ${mode}`, async (t) => {
    const said = await faulty(t, { REFUSE_DOFORK: '1' }, { mode, form: 'snapshot' })
    if (!said) return
    assert.equal(said.fork.available, false)
    assert.match(said.fork.reason, /MADV_DOFORK.*not permitted/)
    if (mode === 'auto') return assert.equal(said.info?.mode, 'inline', said.message)
    assert.equal(said.code, 'HEAPWARDEN_UNSUPPORTED')
    assert.match(said.message, /MADV_DOFORK/)
  })
}

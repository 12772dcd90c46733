'use strict'

// The limit where images are off: a forked dump. Where they are on: image/limit.test.js.

const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { once } = require('node:events')
const { text } = require('node:stream/consumers')
const { test } = require('node:test')
const { hurryDump, hurryDumps, over, sight, stat } = require('../support/forks')
const { isUnfinished } = require('../support/programs')
const { capabilities, openSnapshot } = require('../..')

const program = path.join(__dirname, '..', 'programs', 'out-of-memory.js')
const limited = '--max-old-space-size=56'
const skip = !capabilities.whileBlocked.available && 'needs V8\'s own interface'

/**
 * Runs a leak until it kills the process; what it said, how it ended and how long it took. Its stderr is a file, where the
 * child that outlives it can say why it has no dump: in Node's own pipes, which are sockets, it cannot. `said()`: all of it,
 * when the child has ended too.
 */
async function leak (t, kind, dir, { how = 'watched', through = [] } = {}) {
  const begin = performance.now()
  const [command, ...args] = [...through, process.execPath, limited, program, kind, dir, how]
  const log = path.join(folder(t), 'stderr')
  const to = fs.openSync(log, 'a')
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', to] })
  fs.closeSync(to)
  let late = ''
  const deadline = setTimeout(() => {
    late = `\nnot over in time:\n${sight(child.pid)}`
    child.kill('SIGKILL')
  }, 120_000)
  const over = new AbortController()
  hurryDumps(child.pid, over.signal)
  const [stdout, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  clearTimeout(deadline)
  over.abort()
  const said = () => fs.readFileSync(log, 'utf8') + late
  return { stdout, stderr: said(), said, status: signal ?? code, ms: performance.now() - begin }
}

function folder (t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-limit-'))
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  return dir
}

/**
 * Waits for the child that outlives the process, whose number is on the process's stderr, and gives the dumps. The
 * child leaves no temporary file, however it ends; the process may, if it dies while it writes the dump itself.
 */
async function finished (dir, { stderr, said }) {
  const child = Number(/ by process (\d+)/.exec(stderr)?.[1])
  if (child) {
    const enough = AbortSignal.timeout(240_000)
    hurryDump(child, enough)
    await over(child, enough).catch(() => {
      assert.fail(`process ${child} has not ended after four minutes: ${stat(child)}\n${said()}`)
    })
  }
  const names = fs.readdirSync(dir)
  if (child) assert.deepEqual(names.filter(isUnfinished), [], `process ${child} died\n${said()}`)
  return names.filter((name) => !isUnfinished(name)).map((name) => path.join(dir, name))
}

async function checkDump (file) {
  const { snapshot, nodes, strings } = JSON.parse(await text(openSnapshot(file)))
  assert.equal(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length)
  assert.ok(strings.includes('LeakedRecord'), 'the leak is in it')
}

for (const kind of ['async', 'sync']) {
  test(`an ${kind} leak up to the limit: the dump outlives the process, which dies as it would have`, { skip }, async (t) => {
    const dir = folder(t)
    const without = await leak(t, kind, dir, { how: 'unwatched' })
    const watched = await leak(t, kind, dir)
    assert.equal(watched.status, without.status, watched.stderr)
    assert.match(watched.stderr, /FATAL ERROR: .*heap/, 'V8 says what it always says')
    assert.match(watched.stderr, /heapwarden: heap limit of .* reached; its snapshot is /)
    if (kind === 'async') assert.match(watched.stdout, /nearHeapLimit/, 'the loop hears of it')
    const files = await finished(dir, watched)
    assert.equal(files.length, 1, `one per ramp\n${watched.said()}`)
    assert.match(files[0], /nearheaplimit/)
    await checkDump(files[0])
    t.diagnostic(`died after ${(watched.ms / without.ms).toFixed(2)} × the time without a watch`)
  })
}

for (const kind of ['parse', 'fill', 'string']) {
  test(`one huge builtin (${kind}): a dump, or the honest word that there is none, never a hang`, { skip }, async (t) => {
    const dir = folder(t)
    const huge = await leak(t, kind, dir)
    assert.equal(huge.status, 'SIGABRT', huge.stderr)
    const files = await finished(dir, huge)
    if (files.length === 0) assert.match(huge.said(), /heapwarden: .*(no snapshot|snapshot failed|its process ended failed)|FATAL ERROR: (?!.*heap limit)/)
    else t.diagnostic(`${files.length} dump`)
    for (const file of files) await text(openSnapshot(file))
  })
}

test('a heap that recovers gets its limit back, and a second ramp its own dump', { skip }, async (t) => {
  const dir = folder(t)
  const twice = await leak(t, 'twice', dir)
  const { stdout, status, stderr } = twice
  assert.equal(status, 0, `${stdout}${stderr}`)
  const { events, limitBefore, limitBetween } = JSON.parse(stdout.trim().split('\n').at(-1))
  assert.equal(events, 2, 'one per ramp')
  assert.ok(limitBetween <= limitBefore, `the limit was restored: ${limitBefore} → ${limitBetween}`)
  assert.equal((await finished(dir, twice)).length, 2)
})

// As in a container: the kernel ends all processes of a namespace with its first.
const asFirst = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const noNamespace = spawnSync(asFirst[0], [...asFirst.slice(1), 'true']).status !== 0 && 'needs the right to make a PID namespace'

test('PID 1 waits for its child, which would die with it', { skip: skip || noNamespace }, async (t) => {
  const dir = folder(t)
  const { stderr } = await leak(t, 'sync', dir, { through: asFirst })
  assert.match(stderr, /FATAL ERROR: .*heap/)
  const files = fs.readdirSync(dir)
  assert.deepEqual(files.map(isUnfinished), [false], 'complete when the process is gone')
  await checkDump(path.join(dir, files[0]))
})

test('nearHeapLimit: false changes nothing', { skip }, async (t) => {
  const dir = folder(t)
  const { status, stderr } = await leak(t, 'sync', dir, { how: 'off' })
  assert.equal(status, 'SIGABRT')
  assert.doesNotMatch(stderr, /heapwarden:/)
  assert.deepEqual(fs.readdirSync(dir), [])
})

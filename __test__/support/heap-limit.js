'use strict'

// Runs programs/out-of-memory.js into its heap limit, with images off, and waits for the dump that outlives it.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { once } = require('node:events')
const { text } = require('node:stream/consumers')
const { hurryDump, hurryDumps, over, sight, stat } = require('./forks')
const { isUnfinished } = require('./programs')
const { capabilities, openSnapshot } = require('../..')

const program = path.join(__dirname, '..', 'programs', 'out-of-memory.js')
const limited = '--max-old-space-size=40'
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

/** A leak dies as it does without a watch, says so as well, and its one dump is whole. How the watched one ended. */
async function diesAsEver (t, kind, dir) {
  const without = await leak(t, kind, dir, { how: 'unwatched' })
  const watched = await leak(t, kind, dir)
  assert.equal(watched.status, without.status, watched.stderr)
  assert.match(watched.stderr, /FATAL ERROR: .*heap/, 'V8 says what it always says')
  assert.match(watched.stderr, /heapwarden: heap limit of .* reached; its snapshot is /)
  const files = await finished(dir, watched)
  assert.equal(files.length, 1, `one per ramp\n${watched.said()}`)
  assert.match(files[0], /nearheaplimit/)
  await checkDump(files[0])
  t.diagnostic(`died after ${(watched.ms / without.ms).toFixed(2)} × the time without a watch`)
  return watched
}

module.exports = { checkDump, diesAsEver, finished, folder, leak, skip }

'use strict'

// A log collector that stands still: stderr is a full pipe. The service neither waits nor dies for what we print.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { asFirst, noNamespace } = require('../support/first-process')
const { hurryDumps } = require('../support/forks')
const { isUnfinished } = require('../support/programs')
const { node, root, run, tempDir } = require('../support/helpers')
const { capabilities } = require('../..')

const { O_NONBLOCK, O_RDWR } = fs.constants

/** A full pipe that nobody reads: its path, and a descriptor that waits. */
function fullPipe (t) {
  const place = path.join(tempDir(t), 'pipe')
  execFileSync('mkfifo', [place])
  const open = (flags) => {
    const fd = fs.openSync(place, O_RDWR | flags)
    t.after(() => fs.closeSync(fd))
    return fd
  }
  const [waits, waitsNot] = [open(0), open(O_NONBLOCK)]
  // By single bytes at the end: a pipe with room for less than is written counts as full.
  for (const size of [4096, 1]) {
    try {
      for (;;) fs.writeSync(waitsNot, Buffer.alloc(size, '.'))
    } catch (error) {
      assert.equal(error.code, 'EAGAIN')
    }
  }
  return { place, waits }
}

/** Has a program open that pipe as its stderr, not to wait: who spawns a program makes it wait. */
function waitsNot (place) {
  const file = `${place}.js`
  fs.writeFileSync(file, `const fs = require('node:fs')
    fs.closeSync(2)
    if (fs.openSync(${JSON.stringify(place)}, ${O_RDWR | O_NONBLOCK}) !== 2) throw new Error('not stderr')`)
  return ['--require', file]
}

const skip = process.platform !== 'linux' && 'makes its pipe as Linux does'

test('log lines and warnings on a full stderr: JavaScript goes on', { skip }, async (t) => {
  const pipe = fullPipe(t)
  const program = `
    const { monitor } = require(${JSON.stringify(path.join(root, 'lib', 'register.js'))})
    monitor.on('sample', () => { throw new Error('told by a warning') })
    monitor.once('breach', async () => {
      // The warning is Node's to print at the next tick.
      await new Promise(setImmediate)
      await monitor.stop()
      console.log('went on')
      clearTimeout(alive)
    })
    const alive = setTimeout(() => {}, 20_000)`
  const env = { HEAPWARDEN_LOG: 'text', HEAPWARDEN_INTERVAL: '20ms', HEAPWARDEN_RULES: 'rss > 1MB', HEAPWARDEN_NO_SUCH_THING: '1' }
  for (const how of [[], waitsNot(pipe.place)]) {
    const { status, signal, stdout } = await node([...how, '-e', program], { env, stdio: ['ignore', 'pipe', pipe.waits], timeout: 25_000, killSignal: 'SIGKILL' })
    assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: 'went on\n' })
  }
})

test('log lines arrive at a stderr that is read', { skip }, async () => {
  const program = `
    const { monitor } = require(${JSON.stringify(path.join(root, 'lib', 'register.js'))})
    const alive = setTimeout(() => {}, 20_000)
    monitor.once('breach', () => clearTimeout(alive))`
  const env = { HEAPWARDEN_LOG: 'text', HEAPWARDEN_INTERVAL: '20ms', HEAPWARDEN_RULES: 'rss > 1MB', HEAPWARDEN_NO_SUCH_THING: '1' }
  const { status, stderr } = await node(['-e', program], { env })
  assert.equal(status, 0, stderr)
  assert.match(stderr, /^heapwarden\[\d+\]: .* was breached at \d+/m)
  assert.match(stderr, /HeapwardenWarning: .*HEAPWARDEN_NO_SUCH_THING/)
})

const noFork = !capabilities.whileBlocked.available && 'needs V8\'s own interface'

test('PID 1 at its heap limit with a full stderr waits for its dump', { skip: skip || noFork || noNamespace }, async (t) => {
  const dir = tempDir(t)
  const program = path.join(root, '__test__', 'programs', 'out-of-memory.js')
  // V8's own last words wait for a pipe that does, with or without us.
  const how = waitsNot(fullPipe(t).place)
  const [command, ...args] = [...asFirst, process.execPath, '--max-old-space-size=56', ...how, program, 'sync', dir]
  const over = new AbortController()
  t.after(() => over.abort())
  const { signal, status } = await run(command, args, {
    timeout: 120_000, killSignal: 'SIGKILL', onStart: ({ pid }) => hurryDumps(pid, over.signal)
  })
  assert.notEqual(status, 0)
  assert.notEqual(signal, 'SIGKILL', 'it was over in time')
  const files = fs.readdirSync(dir)
  assert.deepEqual(files.map(isUnfinished), [false], 'complete when the process is gone')
})

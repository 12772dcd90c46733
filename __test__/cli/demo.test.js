'use strict'

// `heapwarden demo`, as a user runs it.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { rmSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { after, test } = require('node:test')
const { hurryDumps } = require('../support/forks')

const bin = join(__dirname, '..', '..', 'bin', 'heapwarden.js')
const folders = []
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

function demo (...args) {
  return new Promise((resolve) => {
    const over = new AbortController()
    const { pid } = execFile(process.execPath, [bin, 'demo', ...args], { timeout: 240_000 }, (error, stdout, stderr) => {
      over.abort()
      resolve({ status: error ? error.code : 0, stdout, stderr })
    })
    hurryDumps(pid, over.signal)
  })
}

/** Whether a process is there; a zombie of ours would be reaped by now. */
function lives (pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('leaks, breaches, checks its snapshot and takes its server along, within a minute', async () => {
  const started = performance.now()
  const { status, stdout, stderr } = await demo('--json')
  const took = performance.now() - started
  assert.equal(status, 0, stderr)
  const result = JSON.parse(stdout)
  folders.push(dirname(dirname(result.snapshot.path)))
  assert.equal(result.rule, 'buffers')
  assert.match(result.snapshot.path, /\.heapsnapshot\.zst$/)
  assert.equal(result.checked.nodes, result.snapshot.nodes)
  assert.equal(result.checked.jsonBytes, result.snapshot.rawBytes)
  for (const event of [/listening on/, /breach of rule "buffers"/, /snapshot: .* of JSON/, /JavaScript (paused|stood still) for [\d.]+ m?s/, /checked: /, /server stopped/]) {
    assert.match(stderr, event)
  }
  if (result.report === undefined) assert.match(stderr, /the leak is not named here: /)
  else {
    assert.equal(result.report.verdict, 'leak', result.report.headline)
    assert.match(result.report.suspects[0].title, /`entries`/)
    assert.match(stderr, /suspect: .*`entries`[^]*what you would have been told: Leak: /)
  }
  assert.doesNotMatch(stderr, /\x1b/, 'no colours where there is no terminal') // eslint-disable-line no-control-regex
  const [, pid] = /process (\d+)/.exec(stderr)
  assert.ok(!lives(Number(pid)), 'the server is still running')
  assert.ok(took < 60_000, `it took ${Math.round(took / 1000)} s`)
})

test('refuses a leak it does not have', async () => {
  const { status, stderr } = await demo('--leak', 'sockets')
  assert.equal(status, 2)
  assert.match(stderr, /"sockets" was given; accepted: buffers, objects/)
})

'use strict'

// Its JavaScript does one thing for some seconds, in native code or in a loop, watched by a rule that wants evidence of it.
// node stuck.js '{"dir": …, "kind": pbkdf2|regex|sort|loop|spawn, "worker": …, "snapshots": {…}}'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const crypto = require('node:crypto')
const fs = require('node:fs')
const { promisify } = require('node:util')
const { Worker, isMainThread } = require('node:worker_threads')
const { watch } = require('../..')

const { dir, kind, worker = false, snapshots } = JSON.parse(process.argv[2])
const SESSIONS = 20_000
const say = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)

class Session {
  constructor (i) { this.user = `user ${i}` }
}

/** No shorter than what a monitor and its order need: 0.2 s until it is a breach, 5 s in which V8 is asked in vain, and then the image. */
const LONG_MS = 9_000

function time (act) {
  const begin = performance.now()
  act()
  return performance.now() - begin
}

/** Each takes so long, and checks what it has come to. The first and the last are one call, in which V8 is asked in vain. */
const stuck = {
  async pbkdf2 () {
    const derive = (rounds) => crypto.pbkdf2Sync('secret', 'salt', rounds, 64, 'sha512').toString('hex')
    const rounds = Math.ceil(100_000 * LONG_MS / time(() => derive(100_000)))
    // The same by another thread, at the same time.
    const other = promisify(crypto.pbkdf2)('secret', 'salt', rounds, 64, 'sha512')
    const derived = derive(rounds)
    say({ type: 'released', at: Date.now() })
    assert.equal(derived, (await other).toString('hex'))
  },
  regex () {
    let length = 20
    for (let took = 0; took < LONG_MS; length++) took = time(() => assert.equal(/^(a+)+$/.test(`${'a'.repeat(length)}b`), false))
    say({ type: 'released', at: Date.now() })
  },
  sort () {
    const until = Date.now() + LONG_MS
    let numbers
    while (Date.now() < until) numbers = Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) % 1_000_003).sort((a, b) => a - b)
    say({ type: 'released', at: Date.now() })
    assert.ok(numbers.every((number, i) => i === 0 || numbers[i - 1] < number))
  },
  loop () {
    const until = Date.now() + LONG_MS
    let turns = 0
    while (Date.now() < until) turns++
    say({ type: 'released', at: Date.now() })
    assert.ok(turns > 0)
  },
  spawn () {
    const { stdout } = spawnSync('sh', ['-c', `sleep ${LONG_MS / 1000}; echo right`])
    say({ type: 'released', at: Date.now() })
    assert.equal(String(stdout), 'right\n')
  }
}

function run () {
  global.sessions = new Map(Array.from({ length: SESSIONS }, (_, i) => [`id ${i}`, new Session(i)]))
  const alive = setInterval(() => {}, 1000)
  const monitor = watch({
    interval: 50,
    rules: [{ name: 'blocked', metric: 'loopBlocked', above: 200, do: ['snapshot'] }],
    snapshots: { dir, ...snapshots }
  })
  const told = (line) => {
    say(line)
    clearInterval(alive)
    monitor.stop()
  }
  monitor.on('snapshot', ({ path, form, mode, threadId, trigger, pauseMs, reason }) => told({ type: 'snapshot', at: Date.now(), path, form, mode, threadId, trigger, pauseMs, reason }))
  monitor.on('snapshotFailed', ({ code, message }) => told({ type: 'failed', code, message }))
  setTimeout(async () => {
    say({ type: 'stuck' })
    await stuck[kind]()
    say({ type: 'right', sessions: global.sessions.size })
  }, 100)
}

if (worker && isMainThread) {
  new Worker(__filename, { argv: process.argv.slice(2) })
} else {
  run()
}

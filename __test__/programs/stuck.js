'use strict'

// Its JavaScript does one thing, in native code or in a loop, watched by a rule that wants evidence of it: until the file `go` is
// there, as far as it can look, or for some seconds.
// node stuck.js '{"dir": …, "go": …, "kind": pbkdf2|regex|sort|loop|spawn, "worker": …, "snapshots": {…}}'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const crypto = require('node:crypto')
const fs = require('node:fs')
const { promisify } = require('node:util')
const { Worker, isMainThread } = require('node:worker_threads')
const { watch } = require('../..')

const { dir, go, kind, worker = false, snapshots } = JSON.parse(process.argv[2])
const SESSIONS = 20_000
const say = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)

class Session {
  constructor (i) { this.user = `user ${i}` }
}

/** A quarter of it V8 is asked in vain. */
const TIMEOUT = '8s'
/** No shorter than what a monitor and its order need: 0.2 s until it is a breach, the 2 s of above, and then the image. */
const LONG_MS = 6_000
/** Whoever can look whether it is enough gives up then. */
const MOST_MS = 60_000

function time (act) {
  const begin = performance.now()
  act()
  return performance.now() - begin
}

const derive = (rounds) => crypto.pbkdf2Sync('secret', 'salt', rounds, 64, 'sha512').toString('hex')
/** Before anybody watches: it is no part of the one call. */
const rounds = kind === 'pbkdf2' ? Math.ceil(50_000 * LONG_MS / time(() => derive(50_000))) : 0

const begun = Date.now()
const enough = () => fs.existsSync(go) || Date.now() > begun + MOST_MS

/** Each takes so long, and checks what it has come to. The first and the last are one call, in which V8 is asked in vain. */
const stuck = {
  async pbkdf2 () {
    // The same by another thread, at the same time.
    const other = promisify(crypto.pbkdf2)('secret', 'salt', rounds, 64, 'sha512')
    const derived = derive(rounds)
    say({ type: 'released', at: Date.now() })
    assert.equal(derived, (await other).toString('hex'))
  },
  regex () {
    while (!enough()) assert.equal(/^(a+)+$/.test(`${'a'.repeat(26)}b`), false)
    say({ type: 'released', at: Date.now() })
  },
  sort () {
    let numbers
    while (!numbers || !enough()) numbers = Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) % 1_000_003).sort((a, b) => a - b)
    say({ type: 'released', at: Date.now() })
    assert.ok(numbers.every((number, i) => i === 0 || numbers[i - 1] < number))
  },
  loop () {
    let turns = 0
    while (turns % 1e7 !== 0 || turns === 0 || !enough()) turns++
    say({ type: 'released', at: Date.now() })
    assert.ok(turns > 0)
  },
  spawn () {
    const { stdout } = spawnSync('sh', ['-c', 'while [ ! -e "$1" ]; do sleep 0.05; done; echo right', 'sh', go], { timeout: MOST_MS })
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
    snapshots: { dir, timeout: TIMEOUT, ...snapshots }
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

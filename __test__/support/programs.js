'use strict'

// Starts the programs in programs/ and hears what they say: JSON, one object a line, on stdout. They end by
// themselves, or at the deadline given here. And what tests of a running monitor need.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { createInterface } = require('node:readline')
const { hurryDumps } = require('./forks')
const { watch } = require('../..')

const FINAL = /\.heapsnapshot(\.zst)?$/

/** Ends a program that should have ended long ago, with SIGABRT so that it is not mistaken for the test's own. */
const DEADLINE_MS = 240_000

/**
 * @param {string} name of programs/NAME.js
 * @param {string[]} args
 * @returns the child, its `lines` so far, `line(fits)` → the first that fits, and `ended` → how it ended
 */
function start (name, args = [], { flags = [], deadline = DEADLINE_MS, ...options } = {}) {
  const file = path.join(__dirname, '..', 'programs', `${name}.js`)
  const child = spawn(process.execPath, [...flags, file, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'], timeout: deadline, killSignal: 'SIGABRT', ...options
  })
  const lines = []
  const waiting = new Set()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text })
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => {
    const said = JSON.parse(line)
    lines.push(said)
    for (const one of waiting) one(said)
  })
  const ended = Promise.all([once(child, 'close'), once(reader, 'close')])
    .then(([[status, signal]]) => ({ status, signal, stderr, lines }))
  const over = new AbortController()
  hurryDumps(child.pid, over.signal)
  child.once('exit', () => over.abort())

  /** The first object, said already or later, that `fits`; rejects if the program ends without it. */
  function line (fits) {
    const said = lines.find(fits)
    if (said) return Promise.resolve(said)
    return new Promise((resolve, reject) => {
      const one = (later) => {
        if (!fits(later)) return
        waiting.delete(one)
        resolve(later)
      }
      waiting.add(one)
      ended.then(({ status, signal }) => {
        reject(new Error(`${name} ended (${signal ?? status}) without the line waited for; it said ${JSON.stringify(lines)}\n${stderr}`))
      })
    })
  }
  return { child, lines, line, ended }
}

/** Runs a program that must end well by itself. Returns what it said. */
async function finish (name, args, options) {
  const { status, signal, stderr, lines } = await start(name, args, options).ended
  if (status !== 0) throw new Error(`${name} ended with ${signal ?? status}, having said ${JSON.stringify(lines)}\n${stderr}`)
  return lines
}

/**
 * Resolves with what `look` finds in the names of `dir`'s files, now or after a change; undefined = nothing yet.
 * Gives up when `signal` does: a test's own, or the watch would outlive a test that failed.
 */
function watchFolder (dir, signal, look) {
  return new Promise((resolve, reject) => {
    const watcher = fs.watch(dir, { signal })
    const check = () => {
      const found = look(fs.readdirSync(dir))
      if (found === undefined) return
      watcher.close()
      resolve(found)
    }
    watcher.on('change', check).on('error', reject)
    signal.addEventListener('abort', () => reject(signal.reason))
    // After the watch has begun, so that nothing falls between the two.
    check()
  })
}

/** Resolves with the name of the first file in `dir` that `fits`. */
const appears = (dir, signal, fits) => watchFolder(dir, signal, (names) => names.find(fits))

/** Resolves when no file in `dir` fits any more. */
const vanishes = (dir, signal, fits) => watchFolder(dir, signal, (names) => names.some(fits) ? undefined : true)

/** A monitor of test `t`, stopped after it, and a loop that lives until then: monitors do not keep it alive. */
function monitored (t, options) {
  const alive = setInterval(() => {}, 1000)
  const monitor = watch({ interval: 20, rules: [], ...options })
  t.after(async () => {
    clearInterval(alive)
    await monitor.stop()
  })
  return monitor
}

const isFinal = (name) => FINAL.test(name)
const isUnfinished = (name) => !FINAL.test(name)

module.exports = { appears, finish, isFinal, isUnfinished, monitored, start, vanishes }

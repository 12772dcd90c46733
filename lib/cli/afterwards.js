'use strict'

// What the program has left behind: a capture that goes on without it. When the first process of a container ends, the
// kernel ends all others in it, the capture too. So whoever is that process, or is all that it waits for, waits.

const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { say } = require('./terminal')

/** The name of a capture's process. */
const NAME = 'heapwarden-dump'
/** A capture whose service is gone has two minutes, unless its `timeout` says otherwise. */
const MOST_MS = 130_000
const LOOK_AGAIN_MS = 100
/** First processes that end when what they have started does. */
const FOLLOWERS = ['tini', 'docker-init', 'dumb-init', 'catatonit', 'podman-init', 'sh', 'bash', 'dash', 'npm start']

function read (file) {
  try {
    return fs.readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

const comm = (pid) => read(`/proc/${pid}/comm`).trimEnd()

/** State and parent of a process, from behind its name, which may hold anything. */
function stat (pid) {
  const text = read(`/proc/${pid}/stat`)
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state, parent: Number(parent) }
}

const endsWithUs = () => process.pid === 1 || (process.ppid === 1 && FOLLOWERS.includes(comm(1)))

/** The captures that nobody but us and the first process has. A zombie has ended: perhaps nobody reaps it here. */
function captures () {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => {
    if (comm(pid) !== NAME) return false
    const { state, parent } = stat(pid)
    return [1, process.pid].includes(parent) && !'ZX'.includes(state)
  })
}

/** Resolves when no capture is under way that our end would end, after two minutes at most, or at a signal to end. */
async function capturesEnded () {
  if (process.platform !== 'linux' || !endsWithUs()) return
  let left = captures()
  if (left.length === 0) return
  say(`heapwarden: waiting, at most ${MOST_MS / 1000} s, for the snapshot that process ${left.join(' and ')} still takes and that would end with us`)
  const stop = new AbortController()
  const signals = ['SIGTERM', 'SIGINT']
  const listener = () => stop.abort()
  for (const signal of signals) process.on(signal, listener)
  for (const until = performance.now() + MOST_MS; left.length > 0 && performance.now() < until && !stop.signal.aborted; left = captures()) {
    await sleep(LOOK_AGAIN_MS, undefined, { signal: stop.signal }).catch(() => {})
  }
  for (const signal of signals) process.removeListener(signal, listener)
}

module.exports = { capturesEnded }

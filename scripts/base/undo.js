'use strict'

// What a script makes outside of itself (folders, memory groups, processes) goes with it, however it ends: by itself, by an
// error, by a signal, or because nobody reads its output any more. Only SIGKILL leaves it behind.

const { once } = require('node:events')
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** To be undone, the newest first. */
const undoings = new Set()
let watched = false

/** One that fails must not keep the others from their work. */
function attempt (undo) {
  try {
    undo()
  } catch (error) {
    console.error(error.message)
  }
}

function watchTheEnd () {
  watched = true
  process.once('exit', () => { for (const undo of [...undoings].reverse()) attempt(undo) })
  for (const signal of SIGNALS) process.once(signal, () => process.exit(128 + os.constants.signals[signal]))
  process.stdout.on('error', () => process.exit(1))
}

/**
 * Has `undo` called once: by the function that this gives, or when the process ends.
 * @param {() => void} undo does its work before it returns
 */
function undoLater (undo) {
  if (!watched) watchTheEnd()
  const done = () => {
    if (undoings.delete(done)) undo()
  }
  undoings.add(done)
  return done
}

/** A folder that goes with the process, or by `remove()`. */
function scratchFolder (name) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), name))
  // Whoever was killed a moment ago may have made one more file meanwhile.
  return { dir, remove: undoLater(() => fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 })) }
}

/**
 * Runs a program to its end, in a group of its own that ends with this process: what it has started does not outlive it.
 * @returns {Promise<{ status: number | null, signal: string | null, stdout: string }>}
 */
async function runInGroup (file, args, options = {}) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true, ...options })
  const ended = undoLater(() => { try { process.kill(-child.pid, 'SIGKILL') } catch {} })
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => { stdout += text })
  const [status, signal] = await once(child, 'close')
  ended()
  return { status, signal, stdout }
}

module.exports = { runInGroup, scratchFolder, undoLater }

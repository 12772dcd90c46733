'use strict'

// Runs one command to its end or to its time limit, keeping what it prints.

const { spawn } = require('node:child_process')
const { join } = require('node:path')
const { undoLater } = require('../base/undo')

const root = join(__dirname, '..', '..')
/** How long output may still trickle in after the command ended (a grandchild can hold the pipe open). */
const DRAIN_MS = 2000
const KILL_MS = 5000

/**
 * The environment of a stage: without what would make a result depend on who started it (npm's own variables,
 * a switched-on portable path, Node options) and without the marker that silences a nested `node --test`.
 */
function stageEnvironment (extra = {}) {
  const env = {}
  for (const [key, value] of Object.entries(process.env)) {
    if (/^(npm_|HEAPWARDEN_|NODE_TEST_CONTEXT$|NODE_OPTIONS$)/.test(key)) continue
    env[key] = value
  }
  return { ...env, ...extra }
}

/** Ends the whole process group of `child`: a test's own children must not outlive it. */
function signalGroup (child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal) // no such group (any more)
  }
}

/**
 * @param {{ file: string, args: string[], env?: object }} command
 * @param {{ minutes: number, echo?: boolean }} limits
 * @returns {Promise<{ status: number | null, output: string, problem?: string }>} `problem` says why there is
 *   no ordinary exit status: it could not start, a signal ended it, or the time was up.
 */
function run ({ file, args, env }, { minutes, echo = false }) {
  return new Promise((resolve) => {
    const chunks = []
    let problem
    let settled = false
    const child = spawn(file, args, {
      cwd: root,
      env: stageEnvironment(env),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    // A stage's group is one of its own, which a terminal's Ctrl-C does not reach.
    const ended = undoLater(() => signalGroup(child, 'SIGKILL'))
    let kill
    const limit = setTimeout(() => {
      problem = `not finished after ${minutes} minutes`
      signalGroup(child, 'SIGTERM')
      kill = setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_MS)
    }, minutes * 60_000)

    const settle = (status) => {
      if (settled) return
      settled = true
      ended()
      clearTimeout(limit)
      clearTimeout(kill)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ status, problem, output: Buffer.concat(chunks).toString() })
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        chunks.push(chunk)
        if (echo) process.stdout.write(chunk)
      })
    }
    child.once('error', (error) => {
      problem = error.code === 'ENOENT' ? `${file} is not installed` : error.message
      settle(null)
    })
    child.once('exit', (status, signal) => {
      if (signal) problem ??= `ended by ${signal}`
      setTimeout(settle, DRAIN_MS, status).unref()
    })
    child.once('close', (status) => settle(status))
  })
}

module.exports = { root, run, stageEnvironment }

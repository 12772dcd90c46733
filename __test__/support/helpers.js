'use strict'

// What several tests need.

const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const root = path.join(__dirname, '..', '..')

/** A folder of its own for test `t`, removed after it. */
function tempDir (t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-test-'))
  t.after(async () => {
    // What an image needs may still be put beside it, by a thread that is in no hurry. Node's own retries remove no file that came meanwhile.
    for (let left = 100; ; left--) {
      try {
        return fs.rmSync(dir, { recursive: true, force: true })
      } catch (error) {
        if (left === 0) throw error
        await sleep(100)
      }
    }
  })
  return dir
}

/** Runs a program to its end; `onStart` gets the child. */
function run (command, args, { env = {}, onStart = () => {}, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000, ...options
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text) => { stdout += text })
    child.stderr?.setEncoding('utf8').on('data', (text) => { stderr += text })
    child.once('error', reject)
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
    onStart(child)
  })
}

const node = (args, options) => run(process.execPath, args, options)

/** The JSON of a snapshot stream. */
async function readJson (stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks))
}

/** Resolves with the first of the events that fits. */
function nextEvent (emitter, event, fits = () => true) {
  return new Promise((resolve) => {
    emitter.on(event, function listener (payload) {
      if (!fits(payload)) return
      emitter.off(event, listener)
      resolve(payload)
    })
  })
}

module.exports = { nextEvent, node, readJson, root, run, tempDir }

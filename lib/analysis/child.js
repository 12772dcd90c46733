'use strict'

// An analysis in a process of its own, which is the command line: what happens to it does not happen to this one.

const childProcess = require('node:child_process')
const { writeFile } = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { HeapwardenError, codes } = require('../base/errors')
const { nodeProgram } = require('../base/node-program')

// Not there in an ES module that a bundler made; such a one has no addon either, and analyses nothing.
const bin = typeof __dirname === 'string' ? path.join(__dirname, '..', '..', 'bin', 'heapwarden.js') : ''

/** Its failure is a line of JSON; what is more comes from Node or from the system. */
const MOST_STDERR = 16 * 1024
const NICE = 10

/** Without what preloads, watches or debugs: it would happen in the child as well. */
function environment () {
  const ours = Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS|NODE_CHANNEL_FD|HEAPWARDEN_(?!NATIVE$).*)$/i.test(name))
  return Object.fromEntries(ours)
}

/** If memory runs out the kernel is to take the child, and whatever else wants to run goes first. */
function subordinate (pid) {
  try {
    os.setPriority(pid, NICE)
  } catch {} // it has ended, or may not
  if (process.platform === 'linux') writeFile(`/proc/${pid}/oom_score_adj`, '1000', () => {})
}

function failure (status, signal, stderr) {
  const last = stderr.trim().split('\n').at(-1)
  try {
    const { code, message } = JSON.parse(last)
    if (codes.includes(code)) return new HeapwardenError(code, message)
  } catch {}
  const words = stderr.trim().slice(-500)
  if (signal === 'SIGKILL') {
    return new HeapwardenError('HEAPWARDEN_MEMORY_BUDGET',
      'the child that analysed was killed (SIGKILL), most likely by the kernel because memory ran out; ' +
      'raise the limit, or analyse it on another machine')
  }
  const end = signal ? `ended by ${signal}` : `ended with status ${status}`
  return new HeapwardenError('HEAPWARDEN_ANALYSIS_FAILED', `the child that analysed ${end}${words && `: ${words}`}`)
}

/**
 * @param {string[]} args a command of heapwarden's and its arguments
 * @param {{ signal?: AbortSignal, onProgress?: Function }} [also]
 * @returns {Promise<object>} what it prints with --json
 */
function inChild (args, { signal, onProgress } = {}) {
  return new Promise((resolve, reject) => {
    const { file, env } = nodeProgram("process: 'child' (accepted instead: 'thread')")
    const child = childProcess.spawn(file, [bin, ...args, '--json'], {
      env: { ...environment(), ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], windowsHide: true
    })
    const chunks = []
    let stderr = ''
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.setEncoding('utf8').on('data', (text) => { stderr = (stderr + text).slice(-MOST_STDERR) })
    if (onProgress) child.on('message', (message) => message?.progress && onProgress(message.progress))
    if (child.pid !== undefined) subordinate(child.pid)

    const kill = () => child.kill('SIGKILL')
    signal?.addEventListener('abort', kill, { once: true })
    child.once('error', (error) => {
      reject(new HeapwardenError('HEAPWARDEN_ANALYSIS_FAILED', `no child could be started to analyse: ${error.message}`, { cause: error }))
    })
    child.once('close', (status, ended) => {
      signal?.removeEventListener('abort', kill)
      // One that has found what it looked for says 1 and gives its answer; one that failed says nothing on stdout.
      if (status !== 0 && !(status === 1 && chunks.length > 0)) return reject(failure(status, ended, stderr))
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString()))
      } catch (error) {
        reject(new HeapwardenError('HEAPWARDEN_ANALYSIS_FAILED', `the child that analysed gave no JSON: ${error.message}`))
      }
    })
  })
}

module.exports = { inChild }

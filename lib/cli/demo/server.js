'use strict'

// Runs examples/express as a child, on a free port of the loopback, and talks to its admin routes.

const { spawn } = require('node:child_process')
const { randomBytes } = require('node:crypto')
const { mkdirSync, symlinkSync } = require('node:fs')
const { delimiter, dirname, join } = require('node:path')
const readline = require('node:readline')
const { nodeProgram } = require('../../base/node-program')

const packageRoot = join(__dirname, '..', '..', '..')
const program = join(packageRoot, 'examples', 'express', 'server.js')
const START_MS = 15_000
const STOP_MS = 5000
const REQUEST_MS = 20_000

/**
 * A folder in which `heapwarden` is found under its own name wherever this package lies (a clone's folder may
 * be called anything), and express where the caller found it. NODE_PATH is asked last, so nothing is hidden.
 */
function modulesPath (folder, express) {
  const modules = join(folder, 'node_modules')
  mkdirSync(modules, { recursive: true })
  symlinkSync(packageRoot, join(modules, 'heapwarden'), 'junction')
  return [modules, dirname(dirname(express)), process.env.NODE_PATH].filter(Boolean).join(delimiter)
}

/**
 * @param {{ folder: string, leak: string, express: string, onLine(text: string): void }} options
 *   `folder`: a private one that the snapshots go to; `express`: the path of its package.json
 * @returns the server once it listens
 */
async function startServer ({ folder, leak, express, onLine }) {
  const token = randomBytes(16).toString('hex')
  const { file, env } = nodeProgram('heapwarden demo')
  const child = spawn(file, [program], {
    env: {
      ...process.env,
      ...env,
      ADMIN_TOKEN: token,
      HEAPWARDEN_DIR: join(folder, 'snapshots'),
      HOST: '127.0.0.1',
      LEAK: leak,
      NODE_PATH: modulesPath(folder, express),
      PORT: '0'
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  // Whatever way this process ends, the server goes with it.
  const kill = () => { child.kill('SIGKILL') }
  process.once('exit', kill)
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${error.message}`))
    child.once('exit', (status, signal) => resolve(signal ? `ended by ${signal}` : `it exited with status ${status}`))
  })
  ended.then(() => process.removeListener('exit', kill))

  const listening = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      readline.createInterface({ input: stream }).on('line', (text) => {
        onLine(text)
        const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? []
        if (url) resolve(url)
      })
    }
  })

  async function stop () {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    const late = setTimeout(kill, STOP_MS)
    const how = await ended
    clearTimeout(late)
    return how
  }

  let timer
  const tooLate = new Promise((resolve) => { timer = setTimeout(resolve, START_MS, `it did not listen within ${START_MS} ms`) })
  const url = await Promise.race([listening, Promise.race([ended, tooLate]).then((why) => ({ why }))])
  clearTimeout(timer)
  if (url.why) {
    await stop()
    throw new Error(`the example server did not start: ${url.why}`)
  }

  /** One admin route's JSON. */
  async function admin (route, method = 'GET') {
    const response = await fetch(`${url}/heapwarden/${route}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(REQUEST_MS)
    })
    if (!response.ok) throw new Error(`${method} /heapwarden/${route} answered ${response.status}: ${await response.text()}`)
    return response.json()
  }

  return { admin, ended, pid: child.pid, stop, url }
}

module.exports = { startServer }

'use strict'

// Runs a service where a row wants it, and looks at what it has left.

const { execFile, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')
const { entering, group, killsIn, processesIn } = require('../base/groups')
const { scratchFolder, undoLater } = require('../base/undo')

const root = path.join(__dirname, '..', '..')
const SERVICE = path.join(__dirname, 'service.js')
const DEADLINE_MS = 120_000
const THAW_MS = 300_000
const LOOK_MS = 100
const PEAK_MS = 5

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Starts a service in a group of its own for memory, and others that are given.
 * @param {object} place
 * @param {string} place.node the binary
 * @param {object} place.options the service's
 * @param {number} [place.memory] bytes of its group
 * @param {object[]} [place.groups] others that it is to be in
 * @param {string[]} [place.flags] of Node
 * @param {(command: string[]) => string[]} [place.within] the command that runs it, if it is not run as it is
 * @param {string} [place.script] what a shell does before
 */
function start ({ node, options, memory, groups = [], flags = [], within = (command) => command, script = ':', env = {}, service = SERVICE }) {
  const own = group('memory', memory ? { 'memory.limit_in_bytes': Math.floor(memory) } : {})
  const command = within([node, ...flags, service, JSON.stringify(options)])
  const child = spawn('/bin/sh', ['-c', `${entering([own, ...groups])}; ${script}; exec "$@"`, 'sh', ...command], {
    stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached: true
  })
  const stop = undoLater(() => { try { process.kill(-child.pid, 'SIGKILL') } catch {} })
  const timer = setTimeout(stop, DEADLINE_MS)
  const begun = performance.now()
  const lines = []
  const waiting = new Set()
  const texts = { stdout: '', stderr: '' }
  child.stderr.setEncoding('utf8').on('data', (text) => { texts.stderr += text })
  child.stdin.on('error', () => {}) // it has ended
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    texts.stdout += text
    const parts = (rest + text).split('\n')
    rest = parts.pop()
    for (const part of parts.filter((one) => one.startsWith('{'))) lines.push(JSON.parse(part))
    for (const one of waiting) one()
  })
  const ended = once(child, 'close').then(([status, signal]) => {
    clearTimeout(timer)
    stop()
    return { status, signal, lines, ms: performance.now() - begun, ...texts }
  })
  /** The first line of a type; undefined if it ends without. */
  const line = (type) => new Promise((resolve) => {
    const look = () => {
      const found = lines.find((one) => one.type === type)
      if (found) { waiting.delete(look); resolve(found) }
    }
    waiting.add(look)
    look()
    ended.then(() => resolve(lines.find((one) => one.type === type)))
  })
  return { child, line, ended, memory: own, say: (word) => child.stdin.write(`${word}\n`) }
}

/** The end of all that was started there: how many the kernel has killed. */
async function over ({ ended, memory }) {
  const end = await ended
  // A child may outlive its service.
  for (let i = 0; processesIn(memory.place).length > 0 && i < DEADLINE_MS / LOOK_MS; i++) await sleep(LOOK_MS)
  const orphans = processesIn(memory.place).length
  const kills = killsIn(memory)
  memory.remove()
  return { ...end, kills, orphans }
}

/** Looks at what a group's processes have, page cache left out; tells the most of it when it is stopped. Bytes. */
function peak ({ memory }, tell) {
  let most = 0
  const look = () => {
    try {
      most = Math.max(most, Number(/^total_rss (\d+)/m.exec(memory.get('memory.stat'))[1]) + Number(memory.get('memory.kmem.usage_in_bytes')))
    } catch {} // the group is gone
  }
  const timer = setInterval(look, PEAK_MS)
  return () => {
    clearInterval(timer)
    tell(most)
  }
}

/** What is in a folder of images. */
function left (dir) {
  const names = fs.readdirSync(dir).filter((name) => name !== 'objects')
  return {
    images: names.filter((name) => name.endsWith('.heapimage.zst') && !name.startsWith('.')).map((name) => path.join(dir, name)),
    others: names.filter((name) => !name.endsWith('.heapimage.zst') || name.startsWith('.'))
  }
}

const run = promisify(execFile)
const cli = (node, ...args) => run(node, [path.join(root, 'bin', 'heapwarden.js'), ...args], { timeout: THAW_MS, killSignal: 'SIGKILL' })

/** Thaws an image: into a snapshot, or where that would take long only so far that it answers. What it says, or null and why. */
async function thawed (node, image, { whole = true } = {}) {
  try {
    if (!whole) return { said: `${(await cli(node, 'ask', image, 'kept.length')).stdout.trim()} objects` }
    const to = `${image}.heapsnapshot.zst`
    const { nodes } = JSON.parse((await cli(node, 'thaw', image, '-o', to, '--json')).stdout)
    fs.rmSync(to)
    return { said: `${nodes} nodes` }
  } catch (error) {
    return { said: null, why: (error.stderr || error.message).trim() }
  }
}

/** A folder for images, which goes with `body`. */
async function withFolder (body) {
  const { dir, remove } = scratchFolder('heapwarden-evidence-')
  try {
    return await body(dir)
  } finally {
    remove()
  }
}

/** Runs one as {@link start} does until its heap is full, and thaws what it has left in `dir`. */
async function untilFull (place, dir, look = {}) {
  const end = await over(start(place))
  const { images, others } = left(dir)
  const looks = []
  for (const image of images) looks.push(await thawed(place.node, image, look))
  return { ...end, images: images.length, whole: looks.filter(({ said }) => said).length, looks, others }
}

module.exports = { cli, left, over, peak, root, sleep, start, thawed, untilFull, withFolder }

'use strict'

// Other readers of heap snapshots, as processes whose time and peak memory GNU time(1) measures.

const { spawn } = require('node:child_process')
const { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { ensureBundle } = require('../../__test__/oracle/bundle')

const root = join(__dirname, '..', '..')
const TIME = '/usr/bin/time'

const MEMLAB = `
const { getFullHeapFromFile } = require('@memlab/heap-analysis')
getFullHeapFromFile(process.argv[2]).then((heap) => {
  let nodes = 0
  let retained = 0
  heap.nodes.forEach((node) => { nodes++; retained = Math.max(retained, node.retainedSize) })
  console.log(JSON.stringify({ nodes, retained }))
})`

/**
 * Runs a program to its end: { ms, cpu, rss, status, stdout }, cpu in ms, rss in bytes. One that is not done after `minutes` is ended and has no
 * `ms`, nor one that fails; `found` is a status that is no failure. What it says is thrown away but for its end.
 */
function measure (file, args, { minutes = 10, env = {}, cwd, found = 0 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  const report = join(dir, 'time')
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    const child = spawn(TIME, ['-f', '%U %S %M', '-o', report, file, ...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let tail = ''
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text) => { stdout = (stdout + text).slice(-4096) })
    child.stderr.setEncoding('utf8').on('data', (text) => { tail = (tail + text).slice(-2048) })
    // The group: time(1) would leave its child behind.
    const deadline = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), minutes * 60_000)
    child.once('error', reject)
    child.once('close', (status, signal) => {
      clearTimeout(deadline)
      const ms = performance.now() - begun
      // Of a program that failed the first line says so.
      const [user, system, kilobytes] = existsSync(report) ? readFileSync(report, 'utf8').trim().split('\n').at(-1).split(' ').map(Number) : [NaN, NaN, NaN]
      rmSync(dir, { recursive: true, force: true })
      resolve({ ms: status === 0 || status === found ? ms : NaN, cpu: (user + system) * 1000, rss: kilobytes * 1024, status: signal ?? status, stdout, stderr: tail })
    })
  })
}

/** npm packages in a folder of their own: they are no dependency of ours. */
async function install (...packages) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-rivals-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'package.json'), '{"private":true}')
  const { status, stderr } = await measure('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], { cwd: dir })
  if (status !== 0) throw new Error(`npm install ${packages.join(' ')} failed: ${stderr}`)
  return dir
}

/** What can be compared on this machine: name → (file) → measurement; or the reason why not. */
async function rivals ({ node, memory = 16_000 }) {
  const flags = [`--max-old-space-size=${memory}`]
  await ensureBundle()
  const found = {
    DevTools: (file) => measure(node, [...flags, join(root, '__test__', 'oracle', 'devtools.js'), file])
  }
  const missing = {}
  try {
    const dir = await install('@memlab/heap-analysis@2.0.5')
    writeFileSync(join(dir, 'memlab.js'), MEMLAB)
    found.memlab = (file) => measure(node, [...flags, join(dir, 'memlab.js'), file])
  } catch (error) {
    missing.memlab = error.message
  }
  try {
    // Built from its source where the one from npm asks for a newer C library.
    let tool = process.env.HEAP_SNAPSHOT_TOOL
    if (!tool) tool = join(await install('@heap-snapshot/tool@0.0.10'), 'node_modules', '.bin', 'heap-snapshot')
    const { status, stderr } = await measure(tool, ['--help'])
    if (status !== 0) throw new Error(stderr.trim().split('\n')[0])
    found['@heap-snapshot/tool'] = (file) => measure(tool, ['summary', file])
  } catch (error) {
    missing['@heap-snapshot/tool'] = error.message
  }
  return { found, missing }
}

module.exports = { measure, rivals }

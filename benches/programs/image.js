'use strict'

// A heap of known shape becomes a file: { how: 'image' | 'snapshot' | 'in-place' | 'v8', megabytes, dir, addon, core } → figures
// in ms and bytes. 'image' is thawed too, and with `core` its process's core dump is packed.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const { join } = require('node:path')
const v8 = require('node:v8')
const { takeSnapshot, thaw } = require('../..') // loaded in all cases, so that the heaps are the same
const { fill } = require('../lib/heap')
const { median } = require('../lib/measure')

const { how, megabytes, dir, addon, core } = JSON.parse(process.argv[2])
const kept = fill(megabytes)
const bareFork = addon ? require(addon) : () => null

const OPTIONS = {
  image: { mode: 'fork', form: 'image' },
  snapshot: { mode: 'fork', form: 'snapshot' },
  'in-place': { mode: 'inline', form: 'image' }
}

/** CPU time in ms of all children reaped so far (ticks of 10 ms). */
function childrenCpu () {
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').replace(/^.*\) /, '').split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

/** ms that this thread has run: on a busy machine it says more than the clock. */
function ownCpu () {
  return Number(fs.readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6
}

/** ms to write so many bytes to a new file in pieces of a megabyte, and to sync it; and ms that writing took of this thread. */
function writing (bytes) {
  const file = join(dir, `${process.pid}.bytes`)
  const piece = Buffer.alloc(2 ** 20, 'heap')
  const [began, before] = [performance.now(), ownCpu()]
  const to = fs.openSync(file, 'w')
  for (let left = bytes; left > 0; left -= piece.length) fs.writeSync(to, piece, 0, Math.min(left, piece.length))
  const writeCpuMs = ownCpu() - before
  fs.fsyncSync(to)
  fs.closeSync(to)
  const writeMs = performance.now() - began
  fs.rmSync(file)
  return { writeMs, writeCpuMs }
}

/** Bytes of this process's core dump, packed; null without gdb's gcore. */
function packedCore () {
  const name = `core.${process.pid}`
  try {
    execFileSync('gcore', ['-o', 'core', String(process.pid)], { cwd: dir, stdio: 'pipe' })
    execFileSync('gzip', [name], { cwd: dir })
    return fs.statSync(join(dir, `${name}.gz`)).size
  } catch {
    return null
  } finally {
    for (const end of ['', '.gz']) fs.rmSync(join(dir, `${name}${end}`), { force: true })
  }
}

async function byUs () {
  const bare = []
  const forks = () => { for (let i = 0; i < 3; i++) bare.push(bareFork()) }
  forks()
  const [cpu, own] = [childrenCpu(), ownCpu()]
  const { path, pauseMs, durationMs, bytes, rawBytes, form } = await takeSnapshot({ dir, ...OPTIONS[how] })
  const [cpuMs, ownCpuMs] = [childrenCpu() - cpu, ownCpu() - own]
  forks()
  const result = { form, bytes, rawBytes, pauseMs, wallMs: durationMs, cpuMs, ownCpuMs, bareForkMs: median(bare) }
  if (how === 'in-place') Object.assign(result, writing(rawBytes))
  if (how === 'image') {
    const began = performance.now()
    const { path: thawed, nodes } = await thaw(path, { path: join(dir, `${process.pid}.heapsnapshot.zst`) })
    Object.assign(result, { thawMs: performance.now() - began, nodes, coreBytes: core ? packedCore() : null })
    fs.rmSync(thawed)
  }
  fs.rmSync(path)
  return result
}

async function byV8 () {
  const began = performance.now()
  const path = v8.writeHeapSnapshot(join(dir, `${process.pid}.heapsnapshot`))
  const wallMs = performance.now() - began
  fs.rmSync(path)
  return { wallMs, pauseMs: wallMs }
}

async function main () {
  global.gc()
  global.gc()
  const result = how === 'v8' ? await byV8() : await byUs()
  return { ...result, kept: kept.size }
}

main().then((result) => console.log(JSON.stringify(result)))

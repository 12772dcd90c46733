'use strict'

// One snapshot of a heap of known shape, by fork or by v8.writeHeapSnapshot(), and what this process felt of it:
// { how: 'fork' | 'v8', megabytes, dir, addon: path of the compiled bare-fork.c or null } → figures in ms and bytes.
// The parent process looks at our children meanwhile: looking from here would be felt here.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const v8 = require('node:v8')
const { takeSnapshot } = require('../..') // loaded in both cases, so that both heaps are the same
const { fill } = require('../lib/heap')
const { median } = require('../lib/measure')

const { how, megabytes, dir, addon } = JSON.parse(process.argv[2])
const kept = fill(megabytes)
const bareFork = addon ? require(addon) : () => null

const status = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
/** CPU time in ms: our own threads, or all children reaped so far (ticks of 10 ms). */
const ownCpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }
function childrenCpu () {
  const fields = readFileSync('/proc/self/stat', 'utf8').replace(/^.*\) /, '').split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

/** Nothing left over from filling or timing: the next collection is small, and rss is what is held. */
async function settle () {
  for (let i = 0; i < 2; i++) global.gc()
  await sleep(200)
}

/** Calls `work` and gives the longest time that a timer of 1 ms was not called meanwhile. */
async function longestGap (work) {
  let longest = 0
  let last = performance.now()
  const look = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  const timer = setInterval(look, 1)
  const result = await work()
  // A pause that ended with the work is seen at the next turn.
  await sleep(5)
  look()
  clearInterval(timer)
  return { longest, result }
}

async function byV8 () {
  const cpu = ownCpu()
  const begun = performance.now()
  const { longest, result: path } = await longestGap(async () => v8.writeHeapSnapshot(join(dir, `${process.pid}.heapsnapshot`)))
  const wallMs = performance.now() - begun
  const cpuMs = ownCpu() - cpu
  await settle()
  return { path, wallMs, pauseMs: longest, gapMs: longest, cpuMs, rssAfter: status('VmRSS') }
}

async function byFork () {
  const bare = []
  const forks = () => { for (let i = 0; i < 3; i++) bare.push(bareFork()) }
  forks()
  const { longest: idleGapMs } = await longestGap(() => sleep(3000))
  await settle()
  const rssBefore = status('VmRSS')
  const cpu = childrenCpu()
  const { longest, result } = await longestGap(() => takeSnapshot({ dir, mode: 'fork' }))
  const cpuMs = childrenCpu() - cpu
  await settle()
  const rssAfter = status('VmRSS')
  forks()
  const { path, pauseMs, durationMs, attempts } = result
  return { path, wallMs: durationMs, pauseMs, gapMs: longest, idleGapMs, cpuMs, attempts, rssBefore, rssAfter, bareForkMs: median(bare) }
}

async function main () {
  await settle()
  const { heapUsed } = process.memoryUsage()
  const rssBefore = status('VmRSS')
  const result = how === 'v8' ? await byV8() : await byFork()
  return { heapUsed, rssBefore, peakRss: status('VmHWM'), ...result, kept: kept.size }
}

main().then((result) => console.log(JSON.stringify(result)))

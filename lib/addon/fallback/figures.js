'use strict'

// One look at the process, with what Node and the kernel's text files tell.

const v8 = require('node:v8')
const cgroup = require('./cgroup')
const { ofSamples } = require('./metrics')

/** A difference from here on means that the wall clock was set: the two are not read at once. */
const STEP_MS = 1000
let shift = 0

/** Epoch ms on a clock that nobody sets: what rules count in. */
const clock = () => performance.timeOrigin + performance.now()

/** A time of that clock as the wall clock has it by now. */
function wall (time) {
  const off = Date.now() - clock()
  if (Math.abs(off - shift) > STEP_MS) shift = off
  return time + shift
}

/** What is resident, by kind; Linux only. */
function resident () {
  const status = process.platform === 'linux' ? cgroup.text('/proc/self/status') : undefined
  const kilobytes = (name) => {
    const [, number] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status ?? '') ?? []
    return number === undefined ? null : Number(number) * 1024
  }
  const [mapped, shared] = [kilobytes('RssFile'), kilobytes('RssShmem')]
  return { rss: kilobytes('VmRSS'), anonymous: kilobytes('RssAnon'), file: mapped === null ? null : mapped + (shared ?? 0), swap: kilobytes('VmSwap') }
}

/** Node opens a file for `rss`, and throws where there is no descriptor left for it. */
function memoryUsage (heap, kernel) {
  try {
    return process.memoryUsage()
  } catch {
    return { rss: kernel.rss, external: heap.external_memory, arrayBuffers: 0 }
  }
}

/** @param {number} at on our clock, ms @param {number} loopBlocked ms */
function look (at, loopBlocked) {
  const heap = v8.getHeapStatistics()
  const kernel = resident()
  const memory = memoryUsage(heap, kernel)
  const group = cgroup.read()
  const sample = {
    at: wall(at),
    rss: memory.rss,
    anonymous: kernel.anonymous,
    file: kernel.file,
    swap: kernel.swap,
    majorFaults: process.resourceUsage().majorPageFault,
    heapTotal: heap.total_heap_size,
    heapUsed: heap.used_heap_size,
    heapLimit: heap.heap_size_limit,
    heapUsedRatio: heap.used_heap_size / heap.heap_size_limit,
    external: memory.external,
    arrayBuffers: memory.arrayBuffers,
    malloced: heap.malloced_memory,
    // Nobody tells JavaScript of other threads' heaps, and they would be counted as native.
    native: null,
    liveHeap: null,
    liveHeapGrowth: null,
    allocator: null,
    cgroup: group && { used: group.used, limit: group.limit, ratio: group.ratio, oomKills: group.oomKills, fullIn: null },
    pressure: cgroup.pressure(group),
    heapAge: 0,
    loopBlocked
  }
  // A metric that only the addon can tell.
  for (const name of ofSamples) sample[name] ??= null
  return sample
}

module.exports = { clock, look }

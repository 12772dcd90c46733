'use strict'

// What this process holds of the system.

const fs = require('node:fs')
const v8 = require('node:v8')
const vm = require('node:vm')

v8.setFlagsFromString('--expose-gc')
const gc = vm.runInNewContext('gc')

const PATIENCE_MS = 10_000

/** Threads, descriptors and bytes of memory, after garbage is gone and what is ending has ended. */
async function holdings () {
  const deadline = Date.now() + PATIENCE_MS
  // A snapshot that lost its thread is still being given up by its writer.
  while (ours() > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
  for (let i = 0; i < 3; i++) {
    gc()
    await new Promise(setImmediate)
  }
  const { rss, heapTotal, heapUsed } = process.memoryUsage()
  return {
    threads: fs.readdirSync('/proc/self/task').length,
    descriptors: fs.readdirSync('/proc/self/fd').length,
    heapwarden: ours(),
    rss,
    // V8 doubles its young generation when it likes.
    beyondHeap: rss - heapTotal,
    heapUsed
  }
}

const ours = () => fs.readdirSync('/proc/self/task').filter(named).length

/** Whether thread `id` is one of ours. */
function named (id) {
  try {
    return fs.readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('heapwarden')
  } catch {
    return false // it has just ended
  }
}

module.exports = { holdings }

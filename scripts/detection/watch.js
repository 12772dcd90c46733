'use strict'

// Loaded into a watched program beside its server (`--require`): what two simple rules see from inside.
//
// - memwatch's, as its README says it: a leak is when the heap has grown in five consecutive garbage collections, full ones, looked at after each.
// - A threshold: heapUsed after a collection, which rules.js compares with what it was after the warm-up.

const { constants, PerformanceObserver } = require('node:perf_hooks')
const { setTimeout: sleep } = require('node:timers/promises')
const { isMainThread, parentPort } = require('node:worker_threads')

const GROWTHS = 5
/** Of two threads the one that has the server. */
const here = isMainThread === (process.env.DETECTION_THREAD !== 'worker')

let last = Infinity
let growths = 0
let fiveGrew = false

/** The collections of one turn are told together, and count as one: what was in use between them is not known. */
function collected (list) {
  if (!list.getEntries().some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR)) return
  const used = process.memoryUsage().heapUsed
  growths = used > last ? growths + 1 : 0
  last = used
  if (growths >= GROWTHS) fiveGrew = true
}

async function look (message, say) {
  if (message.type !== 'look') return
  globalThis.gc()
  const { heapUsed } = process.memoryUsage()
  // The observer is told in a later turn.
  await sleep(20)
  say({ type: 'looked', heapUsed, fiveGrew })
}

if (here) {
  new PerformanceObserver(collected).observe({ entryTypes: ['gc'] })
  if (isMainThread) process.on('message', (message) => look(message, (answer) => process.send(answer)))
  else parentPort.on('message', (message) => look(message, (answer) => parentPort.postMessage(answer)))
}

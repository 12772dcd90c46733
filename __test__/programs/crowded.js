'use strict'

// A process that takes orders on stdin, JSON, where it may soon have no more threads: {"orders": options of takeSnapshot each},
// {"rules": of the watch from now on}, {"stop": true}. Says how each ended, and when no thread of ours is left.
// node crowded.js '{"uid": …, "watch": options, "worker": one has watched before, "cold": Node's own pool has no threads yet}'

const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { createInterface } = require('node:readline')
const { Worker } = require('node:worker_threads')
const { takeSnapshot, watch } = require('../..')

const { uid, watch: options, worker, cold } = JSON.parse(process.argv[2])
const say = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)
const failed = ({ code, message }) => ({ type: 'failed', code, message })
const taken = (info) => ({ type: 'taken', info, ours: ours() })

/** Names of the threads that are ours. */
const ours = () => fs.readdirSync('/proc/self/task').map((task) => {
  try {
    return fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim()
  } catch {
    return '' // it has just ended
  }
}).filter((name) => name.startsWith('heapwarden'))

async function main () {
  if (uid) {
    process.setgid(uid)
    process.setuid(uid)
  }
  // Node's own pool starts its threads at the first use, and ends the process if there are none.
  if (!cold) await fs.promises.stat('.')
  const first = worker && new Worker(`
    require(${JSON.stringify(require.resolve('../..'))}).watch({ rules: [] })
    setInterval(() => {}, 1000)
    require('node:worker_threads').parentPort.postMessage('watching')`, { eval: true })
  if (first) await new Promise((resolve) => first.once('message', resolve))
  const monitor = options && watch({ rules: [], nearHeapLimit: false, interval: 50, ...options })
  monitor?.on('snapshot', (info) => say(taken(info))).on('snapshotFailed', (error) => say(failed(error)))
  await first?.terminate()
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { orders = [], rules, stop } = JSON.parse(line)
    if (rules) monitor.update({ rules })
    for (const order of orders) takeSnapshot(order).then(taken, failed).then(say)
    if (stop) {
      await monitor?.stop()
      while (ours().length > 0) await sleep(5)
      say({ type: 'stopped' })
      process.exit()
    }
  })
  say({ type: 'ready', threads: fs.readdirSync('/proc/self/task').length })
}

main()

'use strict'

// A worker blocks its loop, and a rule orders a report of it meanwhile.
// node blocked-report.js FOLDER

const fs = require('node:fs')
const { Worker, isMainThread } = require('node:worker_threads')
const { watch } = require('../..')

const [dir] = process.argv.slice(2)
const DEADLINE_MS = 120_000

if (isMainThread) {
  global.inMain = Array.from({ length: 50_000 }, (_, number) => ({ number }))
  new Worker(__filename, { argv: [dir] }).on('message', (made) => {
    fs.writeSync(1, `${JSON.stringify({ type: 'made', made })}\n`)
  })
} else {
  const { parentPort } = require('node:worker_threads')
  const alive = setInterval(() => {}, 1000)
  global.inWorker = Array.from({ length: 50_000 }, (_, number) => ({ number }))
  const monitor = watch({ interval: 50, rules: [{ name: 'blocked', metric: 'loopBlocked', above: 200, do: ['report'] }], snapshots: { dir } })
  monitor.on('report', (report) => {
    clearInterval(alive)
    monitor.stop()
    parentPort.postMessage(report)
  })
  const children = (task) => {
    try {
      return fs.readFileSync(`/proc/${process.pid}/task/${task}/children`, 'utf8').trim()
    } catch {
      return '' // a thread that has ended
    }
  }
  // Blocked until the child that makes it has come and gone.
  setImmediate(() => {
    const until = Date.now() + DEADLINE_MS
    let seen = false
    while (Date.now() < until) {
      global.last = Array.from({ length: 1000 }, (_, number) => ({ number }))
      const isThere = fs.readdirSync(`/proc/${process.pid}/task`).some((task) => children(task) !== '')
      if (seen && !isThere) break
      seen ||= isThere
    }
  })
}

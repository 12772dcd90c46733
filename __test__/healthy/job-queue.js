'use strict'

// Why it does not leak: four workers do the jobs, and give way to requests. While there is load the queue grows; at rest it empties.

const http = require('node:http')
const { createHash } = require('node:crypto')
const { setTimeout: delay } = require('node:timers/promises')

const WORKERS = 4
const QUIET_MS = 1000

class JobQueue {
  constructor () {
    this.jobs = []
    this.busy = 0
    this.done = 0
    this.lastAdded = 0
  }

  add (job) {
    this.jobs.push(job)
    this.lastAdded = Date.now()
    if (this.busy < WORKERS) this.work()
  }

  async work () {
    this.busy++
    while (this.jobs.length > 0) {
      const wait = this.lastAdded + QUIET_MS - Date.now()
      if (wait > 0) {
        await delay(wait)
        continue
      }
      createHash('sha1').update(this.jobs.shift().payload).digest()
      this.done++
      await delay(2)
    }
    this.busy--
  }
}

const queue = new JobQueue()

module.exports = http.createServer((req, res) => {
  const payload = Array.from({ length: 500 }, (_, i) => `${req.url} picture ${i}`).join('\n')
  queue.add({ id: req.url, addedAt: Date.now(), attempts: 0, payload })
  res.statusCode = 202
  res.end(`${queue.jobs.length} before it`)
})

'use strict'

// Why it does not leak: jobs come faster than four workers do them while there is load. At rest the queue empties.

const http = require('node:http')
const { createHash } = require('node:crypto')

const WORKERS = 4

class JobQueue {
  constructor () {
    this.jobs = []
    this.busy = 0
    this.done = 0
  }

  add (job) {
    this.jobs.push(job)
    if (this.busy < WORKERS) this.work()
  }

  async work () {
    this.busy++
    for (let job = this.jobs.shift(); job; job = this.jobs.shift()) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      createHash('sha1').update(job.payload).digest()
      this.done++
    }
    this.busy--
  }
}

const queue = new JobQueue()

module.exports = http.createServer((req, res) => {
  const payload = Array.from({ length: 700 }, (_, i) => `${req.url} picture ${i}`).join('\n')
  queue.add({ id: req.url, addedAt: Date.now(), attempts: 0, payload })
  res.statusCode = 202
  res.end(`${queue.jobs.length} before it`)
})

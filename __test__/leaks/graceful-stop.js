'use strict'

// Every job listens to the one signal that says that the service stops, and is done long before. Cure: `removeEventListener` when the job is
// done, or a signal for each job.

const http = require('node:http')

const stopping = new AbortController()

class Job {
  constructor (id) {
    this.id = id
    this.lines = Array.from({ length: 80 }, (_, i) => `job ${id}, step ${i}: pending`)
    stopping.signal.addEventListener('abort', () => this.cancel())
  }

  run () {
    this.lines = this.lines.map((line) => line.replace('pending', `done in ${this.id % 7} ms`))
    return this.lines.length
  }

  cancel () {
    this.lines.push('cancelled')
  }
}

const server = http.createServer((req, res) => {
  const job = new Job(Number(req.url.split('/').at(-1)))
  res.end(JSON.stringify({ steps: job.run() }))
})

process.once('SIGTERM', () => {
  stopping.abort()
  server.close()
})

module.exports = server

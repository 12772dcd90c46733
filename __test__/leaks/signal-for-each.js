'use strict'

// Leaks: the signal of each request is one of AbortSignal.any() with the signal of the program's end, and its listener is never taken off:
// Node keeps it until one of the two aborts. Usual cure: take the listener off, or abort the request's own controller when it is answered.

const http = require('node:http')

const ending = new AbortController()

class Job {
  constructor (url) {
    this.url = url
    this.steps = Array.from({ length: 150 }, (_, step) => `${url}, step ${step}`)
  }

  giveUp () {
    this.steps.length = 0
  }
}

module.exports = http.createServer((request, response) => {
  const timedOut = new AbortController()
  const signal = AbortSignal.any([ending.signal, timedOut.signal])
  const job = new Job(request.url)
  signal.addEventListener('abort', () => job.giveUp())
  response.end(`${job.steps.length} steps done`)
})

module.exports.on('close', () => ending.abort())

'use strict'

// Each job is an AsyncResource, kept in `scheduled` after it has run; it is small, but it keeps what AsyncLocalStorage held when it was made: the
// tenant's whole request. Cure: take it out when it has run.

const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks')
const http = require('node:http')

const current = new AsyncLocalStorage()
const scheduled = []

class Job extends AsyncResource {
  #work

  constructor (work) {
    super('Job')
    this.#work = work
  }

  run () {
    return this.runInAsyncScope(this.#work)
  }
}

function schedule (work) {
  const job = new Job(work)
  scheduled.push(job)
  setImmediate(() => job.run())
}

function tell () {
  current.getStore().told = true
}

module.exports = http.createServer((req, res) => {
  const tenant = req.url.split('/').at(-1)
  const store = { tenant, rights: Array.from({ length: 60 }, (_, i) => ({ folder: `${tenant}/folder-${i}`, level: i % 3 })) }
  current.run(store, () => {
    schedule(tell)
    res.end(JSON.stringify({ tenant, scheduled: scheduled.length }))
  })
})

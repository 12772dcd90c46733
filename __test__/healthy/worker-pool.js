'use strict'

// Why it does not leak: two threads are started with the server and do all its sums; a job is forgotten with its answer.

const http = require('node:http')
const { Worker } = require('node:worker_threads')

const CODE = `
  const { parentPort } = require('node:worker_threads')
  parentPort.on('message', ({ id, rows }) => {
    parentPort.postMessage({ id, sum: rows.reduce((sum, row) => sum + row.length, 0) })
  })
`

class WorkerPool {
  constructor (size) {
    this.jobs = new Map()
    this.nextId = 0
    this.workers = Array.from({ length: size }, () => {
      const worker = new Worker(CODE, { eval: true })
      worker.on('message', ({ id, sum }) => {
        this.jobs.get(id).resolve(sum)
        this.jobs.delete(id)
      })
      worker.unref()
      return worker
    })
  }

  run (rows) {
    const id = this.nextId++
    return new Promise((resolve) => {
      this.jobs.set(id, { rows, resolve })
      this.workers[id % this.workers.length].postMessage({ id, rows })
    })
  }
}

const pool = new WorkerPool(2)

module.exports = http.createServer(async (req, res) => {
  const sum = await pool.run(Array.from({ length: 200 }, (_, i) => `${req.url} ${i}`))
  res.end(`${sum}`)
})

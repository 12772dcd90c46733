'use strict'

// Each report is made by a worker of its own, and none is ever ended: it listens to its parent, and so it lives, with the listener here and what that
// holds. Cure: `terminate()` when the answer is there, or a pool.

const http = require('node:http')
const path = require('node:path')
const { Worker } = require('node:worker_threads')

function makeReport (name) {
  const lines = Array.from({ length: 3000 }, (_, i) => ({ line: i, text: `${name}, line ${i}` }))
  const worker = new Worker(path.join(__dirname, 'sum.js'), { resourceLimits: { maxOldGenerationSizeMb: 16 } })
  worker.unref()
  return new Promise((resolve, reject) => {
    worker.on('message', function onSum (sum) {
      resolve({ name, lines: lines.length, sum })
    })
    worker.once('error', reject)
    worker.postMessage(lines.map(({ line }) => line))
  })
}

module.exports = http.createServer(async (req, res) => {
  res.end(JSON.stringify(await makeReport(req.url)))
})

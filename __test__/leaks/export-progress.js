'use strict'

// Each export has a channel on which its progress is told, and nobody closes it when it is done: a port with a listener lives until it is closed.
// Cure: `port.close()` at the end.

const http = require('node:http')
const { MessageChannel } = require('node:worker_threads')

function exportTable (name) {
  const { port1: progress, port2: exporter } = new MessageChannel()
  const rows = Array.from({ length: 60 }, (_, i) => ({ key: `${name} ${i}`, done: false }))
  progress.on('message', function onProgress ({ row }) {
    rows[row].done = true
  })
  progress.unref()
  for (let row = 0; row < 3; row++) exporter.postMessage({ row })
  return rows.length
}

module.exports = http.createServer((req, res) => {
  res.end(JSON.stringify({ rows: exportTable(req.url) }))
})

'use strict'

// Each stream of events has a heartbeat, and nobody clears it when the browser leaves. Cure: `clearInterval` at the response's 'close'.

const http = require('node:http')

const HEARTBEAT_MS = 15_000

function openStream (req, res) {
  const backlog = Array.from({ length: 50 }, (_, i) => `id: ${i}\ndata: ${req.url} update ${i}\n\n`)
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  for (const message of backlog.slice(0, 5)) res.write(message)
  setInterval(function heartbeat () {
    res.write(backlog.shift() ?? ': still here\n\n')
  }, HEARTBEAT_MS)
}

module.exports = http.createServer(openStream)

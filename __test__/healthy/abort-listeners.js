'use strict'

// Why it does not leak: requests listen to the signal that ends the server, and the signal of the request itself takes the
// listener away again.

const http = require('node:http')

const shutdown = new AbortController()

function work (url, signal) {
  return new Promise((resolve, reject) => {
    const rows = Array.from({ length: 500 }, (_, i) => `${url} ${i}`)
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve(rows.length)
    }, 4)
    function stop () {
      clearTimeout(timer)
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}

module.exports = http.createServer(async (req, res) => {
  try {
    res.end(`${await work(req.url, shutdown.signal)} rows`)
  } catch {
    res.statusCode = 503
    res.end()
  }
})

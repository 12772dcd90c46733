'use strict'

// Leaks: each performance mark and measure stays in the process's timeline until it is cleared. Usual cure:
// `performance.clearMarks()` and `clearMeasures()` with the name, or `performance.now()`.

const http = require('node:http')
const { performance } = require('node:perf_hooks')

let requests = 0

function render (url) {
  return Array.from({ length: 50 }, (_, row) => `${url}, row ${row}`).join('\n')
}

module.exports = http.createServer((request, response) => {
  const name = `render ${++requests}`
  performance.mark(name, { detail: { url: request.url, headers: request.rawHeaders, rows: Array.from({ length: 100 }, (_, row) => row + 0.5) } })
  const page = render(request.url)
  const took = performance.now() - performance.getEntriesByName(name)[0].startTime
  response.setHeader('server-timing', `render;dur=${took.toFixed(2)}`)
  response.end(page)
})

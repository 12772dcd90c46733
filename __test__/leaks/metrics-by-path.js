'use strict'

// Leaks: a label of a prom-client metric takes the request's whole path, so each path that is ever asked for is a time series
// that stays. Usual cure: the route's pattern as the label.

const http = require('node:http')
const { Histogram, register } = require('prom-client')

const durations = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'how long requests take',
  labelNames: ['method', 'path', 'status'],
  buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 30, 60]
})

module.exports = http.createServer(async (request, response) => {
  if (request.url === '/metrics') {
    response.setHeader('content-type', register.contentType)
    response.end(await register.metrics())
    return
  }
  const stop = durations.startTimer({ method: request.method })
  response.on('finish', () => stop({ path: request.url, status: response.statusCode }))
  response.end('ok')
})

'use strict'

// The histogram's label is the request's path, with the order's number in it, so that each order has a series of its own, for ever.
// Cure: the route as the label, `/orders/:id`.

const http = require('node:http')

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

class Histogram {
  constructor (name, labelNames) {
    this.name = name
    this.labelNames = labelNames
    this.series = {}
  }

  observe (labels, value) {
    const key = this.labelNames.map((name) => `${name}:${labels[name]}`).join(',')
    const one = this.series[key] ??= { labels, buckets: Object.fromEntries(BUCKETS.map((bound) => [bound, 0])), sum: 0, count: 0 }
    for (const bound of BUCKETS) if (value <= bound) one.buckets[bound] += 1
    one.sum += value
    one.count += 1
  }
}

const duration = new Histogram('http_request_duration_seconds', ['method', 'path', 'status'])

module.exports = http.createServer((req, res) => {
  const began = performance.now()
  res.once('finish', () => {
    duration.observe({ method: req.method, path: req.url, status: res.statusCode }, (performance.now() - began) / 1000)
  })
  res.end(JSON.stringify({ order: req.url.split('/').at(-1), state: 'shipped' }))
})

'use strict'

// Why it does not leak: labels are routes and status codes, of which there are few, and not URLs.

const http = require('node:http')
const client = require('prom-client')

const register = new client.Registry()
client.collectDefaultMetrics({ register })
const duration = new client.Histogram({
  name: 'http_request_duration_seconds',
  help: 'How long requests take',
  labelNames: ['method', 'route', 'status'],
  registers: [register]
})
const requests = new client.Counter({ name: 'http_requests_total', help: 'Requests', labelNames: ['route', 'tenant'], registers: [register] })

const ROUTES = ['/users/:id', '/orders/:id', '/basket', '/search', '/health']
const STATUS = [200, 200, 200, 201, 304, 404, 422]

module.exports = http.createServer(async (req, res) => {
  if (req.url === '/metrics') {
    res.end(await register.metrics())
    return
  }
  const end = duration.startTimer({ method: req.method })
  const number = Number(/(\d+)$/.exec(req.url)?.[1] ?? 0)
  const route = ROUTES[number % ROUTES.length]
  res.statusCode = STATUS[number % STATUS.length]
  requests.inc({ route, tenant: `tenant-${number % 25}` })
  end({ route, status: res.statusCode })
  res.end()
})

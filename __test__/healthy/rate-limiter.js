'use strict'

// Why it does not leak: what a client has asked for counts for one window. The last window's counts are dropped with it.

const http = require('node:http')

class WindowLimiter {
  constructor ({ windowMs, limit }) {
    this.windowMs = windowMs
    this.limit = limit
    this.current = new Map()
    this.previous = new Map()
    this.timer = setInterval(() => this.turn(), windowMs)
    this.timer.unref()
  }

  turn () {
    this.previous = this.current
    this.current = new Map()
  }

  hit (key) {
    let client = this.current.get(key) ?? this.previous.get(key)
    if (!client) client = { key, hits: 0, firstSeen: new Date(), recent: [] }
    this.previous.delete(key)
    this.current.set(key, client)
    client.hits++
    for (let i = 0; i < 80; i++) client.recent.push({ at: Date.now() + i, route: `${key}/${i}` })
    client.recent.splice(0, client.recent.length - 80)
    return client.hits <= this.limit
  }
}

const limiter = new WindowLimiter({ windowMs: 600, limit: 100 })

module.exports = http.createServer((req, res) => {
  const client = new URL(req.url, 'http://localhost').searchParams.get('client')
  res.statusCode = limiter.hit(client) ? 200 : 429
  res.end()
})

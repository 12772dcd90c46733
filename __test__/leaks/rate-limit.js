'use strict'

// `visitors` has an entry for every address that ever came, with the times of its requests. Cure: entries expire with their window.

const http = require('node:http')

const WINDOW_MS = 60_000
const LIMIT = 600
const visitors = {}

function addressOf (req) {
  return req.headers['x-forwarded-for'] ?? req.socket.remoteAddress
}

/** Requests that are left to an address in this window. */
function left (req) {
  const address = addressOf(req)
  const visitor = visitors[address] ??= { firstSeen: Date.now(), hits: new Array(LIMIT).fill(0), agents: [], headers: { ...req.headers } }
  visitor.hits.shift()
  visitor.hits.push(Date.now())
  visitor.agents.push(`${req.headers['user-agent'] ?? 'unknown'} via ${req.url}`.padEnd(120))
  const since = Date.now() - WINDOW_MS
  return LIMIT - visitor.hits.filter((at) => at > since).length
}

module.exports = http.createServer((req, res) => {
  const remaining = left(req)
  res.setHeader('x-ratelimit-remaining', remaining)
  res.statusCode = remaining > 0 ? 200 : 429
  res.end()
})

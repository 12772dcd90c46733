'use strict'

// Why it does not leak: a session ends one second after its last request. There are as many as there were visitors of late,
// by day more and by night fewer.

const http = require('node:http')
const { randomUUID } = require('node:crypto')

const MAX_AGE = 1000
const sessions = new Map()

setInterval(() => {
  const now = Date.now()
  for (const [id, session] of sessions) {
    if (session.expiresAt <= now) sessions.delete(id)
  }
}, 100).unref()

function startSession (visitor) {
  const id = randomUUID()
  const session = {
    id,
    visitor,
    expiresAt: Date.now() + MAX_AGE,
    basket: Array.from({ length: 60 }, (_, item) => ({ sku: `${visitor}-${item}`, amount: item % 5, price: item * 1.5 }))
  }
  sessions.set(id, session)
  return session
}

module.exports = http.createServer((req, res) => {
  const cookie = /sid=([\w-]+)/.exec(req.headers.cookie ?? '')
  const session = sessions.get(cookie?.[1]) ?? startSession(req.url)
  session.expiresAt = Date.now() + MAX_AGE
  res.setHeader('set-cookie', `sid=${session.id}; HttpOnly`)
  res.end(`${session.basket.length} items`)
})

'use strict'

// A snapshot of a service that has kept too much, by V8 itself: { sessions, path } → { nodes is for the reader to count }.
// About 2.9 million nodes and 200 MB of JSON for 42,000 sessions.

const { EventEmitter } = require('node:events')
const v8 = require('node:v8')

const { sessions: count, path } = JSON.parse(process.argv[2])

class Session {
  constructor (id) {
    this.id = id
    this.token = `session-${id.toString(36)}-${(id * 2654435761 >>> 0).toString(16)}`
    this.user = new User(id % 5000)
    this.cart = []
    this.seen = new Map()
    this.created = new Date(1.7e12 + id)
    this.renew = () => { this.created = new Date() }
  }
}

class User {
  constructor (id) {
    this.id = id
    this.name = `user ${id}`
    this.mail = `user.${id}@example.org`
    this.roles = id % 10 === 0 ? ['admin', 'user'] : ['user']
    this.settings = { theme: 'dark', language: 'en', volume: id / 3 }
  }
}

class Item {
  constructor (session, number) {
    this.sku = `sku-${session}-${number}`
    this.quantity = number + 1
    this.price = { amount: session / 7, currency: 'EUR' }
    this.tags = [`tag ${number}`, `session ${session}`]
  }
}

const bus = new EventEmitter().setMaxListeners(0)
const privates = new WeakMap()
const byToken = new Map()
const byName = {}
const log = []

for (let id = 0; id < count; id++) {
  const session = new Session(id)
  for (let i = 0; i < 4; i++) session.cart.push(new Item(id, i))
  for (let i = 0; i < 3; i++) session.seen.set(`/page/${id}/${i}`, { at: id * i, from: session.cart[i] })
  byToken.set(session.token, session)
  if (id % 7 === 0) byName[`session of user ${id}`] = session
  if (id % 5 === 0) privates.set(session, { secret: `secret ${id}`, session })
  if (id % 3 === 0) bus.on('tick', () => session.renew())
  if (id % 4 === 0) log.push({ level: 'info', message: `GET /page/${id} took ${id % 300} ms`, context: { session, request: { method: 'GET', url: `/page/${id}` } } })
  if (id % 50 === 0) session.upload = Buffer.alloc(10_000, id)
  if (id % 20 === 0) session.pending = new Promise((resolve) => { session.resolve = resolve }).then(() => session.id)
  // Built up piece by piece, as a log or a page is: a rope.
  if (id % 25 === 0) { session.page = '<ul>'; for (let i = 0; i < 8; i++) session.page += `<li>${session.cart[i % 4].sku}</li>` }
  if (id % 6 === 0) session.copy = structuredClone(session.cart.map(({ sku, price }) => ({ sku, price })))
}

v8.writeHeapSnapshot(path)
console.log(JSON.stringify({ kept: byToken.size + log.length + bus.listenerCount('tick') + Object.keys(byName).length }))

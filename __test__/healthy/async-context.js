'use strict'

// Why it does not leak: each request runs in a store of its own, which ends with what the request has started.

const { AsyncLocalStorage } = require('node:async_hooks')
const http = require('node:http')
const { setTimeout: delay } = require('node:timers/promises')

const requestContext = new AsyncLocalStorage()

function log (message) {
  const { lines, id } = requestContext.getStore()
  lines.push(`${id}: ${message}`)
}

async function findOrders () {
  log('asks for orders')
  await delay(3)
  const orders = Array.from({ length: 200 }, (_, i) => ({ order: i, request: requestContext.getStore().id }))
  log(`has ${orders.length} orders`)
  return orders
}

module.exports = http.createServer((req, res) => {
  const store = { id: req.url, startedAt: new Date(), lines: [], user: { name: `user of ${req.url}`, rights: new Array(300).fill(req.url) } }
  requestContext.run(store, async () => {
    const orders = await findOrders()
    await delay(2)
    log('answers')
    res.end(JSON.stringify({ orders: orders.length, lines: store.lines.length }))
  })
})

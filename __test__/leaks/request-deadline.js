'use strict'

// Each request races against `stopped`, a promise that lives as long as the service: every race leaves a reaction on it, and through it its
// result. Cure: no race against what lives longer than the work; listen once, or use a signal.

const http = require('node:http')

let stop
const stopped = new Promise((resolve) => { stop = resolve })

async function lookUp (customer) {
  await null
  return { customer, orders: Array.from({ length: 60 }, (_, i) => ({ order: `${customer}/${i}`, total: i * 9.9 })) }
}

const server = http.createServer(async (req, res) => {
  const answer = await Promise.race([lookUp(req.url.split('/').at(-1)), stopped])
  if (answer === undefined) {
    res.statusCode = 503
    return res.end()
  }
  res.end(JSON.stringify({ orders: answer.orders.length }))
})

server.once('close', () => stop())

module.exports = server

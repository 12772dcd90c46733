'use strict'

// Each request races against `stopped`, a promise that lives as long as the service: every race leaves its reactions on it, and through them the
// order it was about. Cure: no race against what lives longer than the work; look at a flag, or use a signal that is let go.

const http = require('node:http')

let stop
const stopped = new Promise((resolve) => { stop = resolve })

async function confirm (order) {
  await null
  return order.items.length
}

/** The work's result, unless the service stops first. */
function unlessStopped (work, order) {
  return Promise.race([work, stopped.then(() => { throw new Error(`order ${order.id} was not confirmed: ${order.items.length} items`) })])
}

const server = http.createServer(async (req, res) => {
  const id = req.url.split('/').at(-1)
  const order = { id, items: Array.from({ length: 60 }, (_, i) => ({ article: `${id}/${i}`, price: i * 9.9 })) }
  try {
    res.end(JSON.stringify({ confirmed: await unlessStopped(confirm(order), order) }))
  } catch (error) {
    res.statusCode = 503
    res.end(error.message)
  }
})

server.once('close', () => stop())

module.exports = server

// The browser leaves, and the generator that feeds it waits for the next order for ever: its `finally` never comes, and `waiting` keeps it.
// Cure: `return()` the generator at the response's 'close', or wait with a signal.

import http from 'node:http'

const waiting = new Set()

function nextOrder () {
  return new Promise((resolve) => waiting.add(resolve))
}

export function publish (order) {
  for (const resolve of waiting) resolve(order)
  waiting.clear()
}

async function * orders (customer) {
  const filters = Array.from({ length: 60 }, (_, i) => ({ field: `field-${i}`, equals: `${customer} value ${i}` }))
  yield { customer, filters: filters.length }
  try {
    for (;;) {
      const order = await nextOrder()
      if (filters.every(({ field, equals }) => order[field] === equals)) yield order
    }
  } finally {
    filters.length = 0
  }
}

async function feed (res, customer) {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  for await (const order of orders(customer)) res.write(`data: ${JSON.stringify(order)}\n\n`)
  res.end()
}

export default http.createServer((req, res) => {
  feed(res, req.url.split('/').at(-1))
})

'use strict'

// Leaks: a DataLoader keeps each key's promise for as long as it lives, and this one is not a request's but the program's.
// Usual cure: a DataLoader for each request.

const http = require('node:http')
const DataLoader = require('dataloader')

async function readProducts (ids) {
  return ids.map((id) => ({
    id,
    title: `Product ${id}`,
    tags: Array.from({ length: 120 }, (_, index) => `tag-${id}-${index}`)
  }))
}

const productLoader = new DataLoader(readProducts)

module.exports = http.createServer(async (request, response) => {
  const product = await productLoader.load(request.url.split('/').pop())
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(product))
})

'use strict'

// tiny-cache forgets an entry only when it is asked for after its time, so that what nobody asks for again stays. Cure: a cache with a bound.

const http = require('node:http')
const createCache = require('tiny-cache')

const cache = createCache({ ttl: 60_000 })

function describe (path) {
  const reviews = Array.from({ length: 50 }, (_, i) => ({ stars: i % 6, text: `Review ${i} of ${path}: as described` }))
  return { path, reviews }
}

module.exports = http.createServer((req, res) => {
  let product = cache.get(req.url)
  if (!product) {
    product = describe(req.url)
    cache.set(req.url, product)
  }
  res.end(JSON.stringify({ reviews: product.reviews.length }))
})

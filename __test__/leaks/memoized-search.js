'use strict'

// The memoised search remembers the answer to every question: `results`, seen by nobody but the function that memoize() gave. Cure: a bound.

const http = require('node:http')

function memoize (compute) {
  const results = Object.create(null)
  return (...args) => {
    const key = JSON.stringify(args)
    return results[key] ??= compute(...args)
  }
}

const products = Array.from({ length: 500 }, (_, i) => ({ id: i, name: `Product ${i}`, price: (i * 37) % 100 }))

const search = memoize((query, { page, order }) => {
  const found = products.filter(({ id }) => (id + query.length) % 25 === page % 25)
  return found.map((product) => ({ ...product, score: product.price / (1 + query.length), highlight: `<em>${query}</em> ${product.name}` }))
    .sort((a, b) => order === 'price' ? a.price - b.price : b.score - a.score)
})

module.exports = http.createServer((req, res) => {
  const { searchParams } = new URL(req.url, 'http://localhost')
  const found = search(searchParams.get('q'), { page: Number(searchParams.get('page') ?? 0), order: searchParams.get('order') ?? 'score' })
  res.end(JSON.stringify(found.slice(0, 10)))
})

'use strict'

// Leaks: express-session without a `store` keeps every session in its MemoryStore, and a client that sends no cookie back
// gets a new one with each request. Usual cure: a store with an expiry (Redis, a database), `saveUninitialized: false`.

const http = require('node:http')
const session = require('express-session')

const withSession = session({ secret: 'keyboard cat', resave: false, saveUninitialized: true })
const products = ['lamp', 'chair', 'table', 'shelf', 'carpet']

function fillCart (cart, visit) {
  for (let i = 0; i < 60; i++) {
    cart.push({ product: products[i % products.length], amount: i + 1, price: 19.9 + i, note: `visit ${visit}, item ${i}` })
  }
}

let visits = 0

module.exports = http.createServer((request, response) => {
  withSession(request, response, () => {
    request.session.cart = []
    fillCart(request.session.cart, ++visits)
    response.end(`${request.session.cart.length} items in your cart`)
  })
})

'use strict'

// Leaks: debug 3 to 4.2 keep each instance in a list, to turn it on and off later, until `destroy()` is called. Here each
// order has one of its own. Usual cure: debug 4.3 or newer; one instance a module.

const http = require('node:http')
const createDebug = require('debug')

class Order {
  constructor (number) {
    this.number = number
    this.history = []
    this.debug = createDebug(`shop:order:${number}`)
    this.debug.log = (...words) => this.history.push(words.join(' '))
    this.items = Array.from({ length: 80 }, (_, index) => ({ sku: `sku-${number}-${index}`, amount: index + 1 }))
  }

  place () {
    this.debug('placed with %d items', this.items.length)
    return { number: this.number, items: this.items.length }
  }
}

let orders = 0

module.exports = http.createServer((request, response) => {
  const order = new Order(++orders)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(order.place()))
})

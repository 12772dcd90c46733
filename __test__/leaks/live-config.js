'use strict'

// Every request listens for changes of the configuration and never stops. Cure: `off` when the response is closed, or one listener for all.

const { EventEmitter } = require('node:events')
const http = require('node:http')

class Configuration extends EventEmitter {
  #values = { currency: 'EUR', language: 'en' }

  get (name) {
    return this.#values[name]
  }

  set (name, value) {
    this.#values[name] = value
    this.emit('change', name, value)
  }
}

const configuration = new Configuration()
configuration.setMaxListeners(0)

function basketOf (customer) {
  return Array.from({ length: 60 }, (_, i) => ({ article: `A-${customer}-${i}`, price: i * 1.5, currency: configuration.get('currency') }))
}

module.exports = http.createServer((req, res) => {
  const basket = basketOf(req.url.split('/').at(-1))
  configuration.on('change', (name, value) => {
    if (name === 'currency') for (const item of basket) item.currency = value
  })
  res.end(JSON.stringify({ items: basket.length, currency: configuration.get('currency') }))
})

'use strict'

// Each view listens through `this.refresh.bind(this)`, and `off` with another `bind` takes nothing away: it is another function. Cure: bind
// once, keep the bound function, and give it to both.

const { EventEmitter } = require('node:events')
const http = require('node:http')

const quotes = new EventEmitter().setMaxListeners(0)

class View {
  constructor (symbol) {
    this.symbol = symbol
    this.points = Array.from({ length: 60 }, (_, i) => ({ minute: i, label: `${symbol} at minute ${i}` }))
    quotes.on('quote', this.refresh.bind(this))
  }

  refresh ({ symbol, price }) {
    if (symbol === this.symbol) this.points.push({ minute: this.points.length, label: `${symbol}: ${price}` })
  }

  close () {
    quotes.off('quote', this.refresh.bind(this))
  }
}

module.exports = http.createServer((req, res) => {
  const view = new View(req.url.split('/').at(-1))
  res.once('close', () => view.close())
  res.end(JSON.stringify(view.points.at(-1)))
})

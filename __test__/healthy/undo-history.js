'use strict'

// Why it does not leak: the list of states is cut at its end when it has more than two hundred.

const http = require('node:http')

class History {
  constructor (limit) {
    this.limit = limit
    this.length = 0
    this.latest = null
    this.first = null
  }

  push (state) {
    const step = { state, previous: this.latest, next: null }
    if (this.latest) this.latest.next = step
    else this.first = step
    this.latest = step
    if (++this.length > this.limit) {
      this.first = this.first.next
      this.first.previous = null
      this.length--
    }
  }
}

const history = new History(200)

module.exports = http.createServer((req, res) => {
  history.push({ url: req.url, cells: Array.from({ length: 250 }, (_, i) => ({ column: i, text: `${req.url}!${i}` })) })
  res.end(`${history.length} steps back`)
})

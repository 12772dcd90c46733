'use strict'

// Why it does not leak: two hundred rooms listen for prices, from the start and for as long as the server runs.

const { EventEmitter } = require('node:events')
const http = require('node:http')

const prices = new EventEmitter()
prices.setMaxListeners(0)

class Room {
  constructor (number) {
    this.name = `room ${number}`
    this.last = new Float64Array(500)
    this.seen = 0
    this.members = Array.from({ length: 50 }, (_, i) => `member ${i} of room ${number}`)
  }

  watch (source) {
    source.on('price', (price) => {
      this.last[this.seen++ % this.last.length] = price
    })
  }
}

const rooms = Array.from({ length: 200 }, (_, number) => new Room(number))
for (const room of rooms) room.watch(prices)

module.exports = http.createServer((req, res) => {
  prices.emit('price', req.url.length)
  res.end(`${rooms.length} rooms`)
})

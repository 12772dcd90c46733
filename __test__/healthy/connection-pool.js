'use strict'

// Why it does not leak: connections to the store are opened when all are busy, twenty at most, and stay for the next query.

const http = require('node:http')
const net = require('node:net')

const store = net.createServer((socket) => {
  socket.on('error', () => {})
  socket.on('data', (query) => setTimeout(() => socket.write(`${query.length} rows\n`), 3))
})
store.listen(0, '127.0.0.1')
store.unref()

class Connection {
  constructor (number) {
    this.number = number
    this.readBuffer = Buffer.alloc(64 * 1024)
    this.prepared = Array.from({ length: 200 }, (_, i) => ({ name: `c${number}s${i}`, text: `select a${i}, b${i} from t${number} where id = $${i}` }))
    this.socket = net.connect(store.address().port, '127.0.0.1')
    this.socket.unref()
  }

  query (text) {
    return new Promise((resolve) => {
      this.socket.once('data', (answer) => resolve(answer.copy(this.readBuffer)))
      this.socket.write(text)
    })
  }
}

class ConnectionPool {
  constructor (size) {
    this.size = size
    this.connections = []
    this.idle = []
    this.waiting = []
  }

  async query (text) {
    const connection = await this.take()
    try {
      return await connection.query(text)
    } finally {
      const next = this.waiting.shift()
      if (next) next(connection)
      else this.idle.push(connection)
    }
  }

  take () {
    const free = this.idle.pop()
    if (free) return free
    if (this.connections.length < this.size) {
      const connection = new Connection(this.connections.length)
      this.connections.push(connection)
      return connection
    }
    return new Promise((resolve) => this.waiting.push(resolve))
  }
}

const pool = new ConnectionPool(20)

module.exports = http.createServer(async (req, res) => {
  const widgets = Number(new URL(req.url, 'http://localhost').searchParams.get('widgets'))
  const rows = await Promise.all(Array.from({ length: widgets }, (_, i) => pool.query(`select ${i} from widgets`)))
  res.end(`${rows.length} widgets`)
})

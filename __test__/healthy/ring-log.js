'use strict'

// Why it does not leak: the log has a fixed number of places, and the cursor comes round to the first again.

const http = require('node:http')

class RingLog {
  constructor (capacity) {
    this.capacity = capacity
    this.entries = new Array(capacity)
    this.cursor = 0
  }

  write (entry) {
    this.entries[this.cursor] = entry
    this.cursor = (this.cursor + 1) % this.capacity
  }

  * [Symbol.iterator] () {
    for (let i = 0; i < this.capacity; i++) {
      const entry = this.entries[(this.cursor + i) % this.capacity]
      if (entry) yield entry
    }
  }
}

const requestLog = new RingLog(1500)

module.exports = http.createServer((req, res) => {
  if (req.url === '/log') {
    res.end([...requestLog].map((entry) => entry.line).join('\n'))
    return
  }
  const at = new Date()
  const trace = Array.from({ length: 40 }, (_, step) => `${at.getTime()} step ${step} of ${req.url}`)
  requestLog.write({ at, line: `${at.toISOString()} ${req.method} ${req.url}`, trace })
  res.end('ok')
})

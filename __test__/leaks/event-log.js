'use strict'

// The log is a list whose entries point to the next one; its reader has stopped at the first. Cure: drop what is older than some number of entries,
// whether it was read or not.

const http = require('node:http')

class EventLog {
  #first = { event: null, next: null }
  #last = this.#first

  append (event) {
    this.#last.next = { event, next: null }
    this.#last = this.#last.next
  }

  /** The oldest that was not read. */
  read () {
    const { event, next } = this.#first
    if (next) this.#first = next
    return event
  }
}

const events = new EventLog()

module.exports = http.createServer((req, res) => {
  if (req.url === '/read') return res.end(JSON.stringify(events.read()))
  const fields = Array.from({ length: 60 }, (_, i) => ({ name: `field ${i}`, value: `${req.url} value ${i}` }))
  events.append({ url: req.url, fields, at: new Date() })
  res.statusCode = 202
  res.end()
})

'use strict'

// Leaks: each request subscribes to the subject that lives as long as the program, and none unsubscribes. Usual cure:
// `subscription.unsubscribe()` when the response has ended, `take`, `takeUntil`.

const http = require('node:http')
const { Subject } = require('rxjs')

const prices = new Subject()

class Watcher {
  constructor (url) {
    this.url = url
    this.seen = Array.from({ length: 150 }, (_, index) => `${url}#${index}`)
  }

  notice (price) {
    this.seen.push(price)
  }
}

module.exports = http.createServer((request, response) => {
  const watcher = new Watcher(request.url)
  prices.subscribe((price) => watcher.notice(price))
  response.end('watching')
})

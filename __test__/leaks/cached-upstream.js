'use strict'

// Leaks: got 9 makes a Keyv around its `cache` for each call, and each adds a listener for errors to the store, which is one for all.
// Usual cure: a newer got, or a store that is a Keyv already.

const { EventEmitter } = require('node:events')
const http = require('node:http')
const got = require('got')

/** Keeps the newest answers only. */
class NewestAnswers extends EventEmitter {
  #answers = new Map()

  get (key) {
    return this.#answers.get(key)
  }

  set (key, value) {
    this.#answers.set(key, value)
    if (this.#answers.size > 20) this.delete(this.#answers.keys().next().value)
  }

  delete (key) {
    return this.#answers.delete(key)
  }

  clear () {
    this.#answers.clear()
  }
}

const cache = new NewestAnswers()

const stock = http.createServer((request, response) => {
  response.setHeader('cache-control', 'max-age=60')
  response.end(JSON.stringify({ article: request.url, left: 3 }))
})
const listening = new Promise((resolve) => stock.listen(0, '127.0.0.1', resolve))

module.exports = http.createServer(async (request, response) => {
  await listening
  const { port } = stock.address()
  const answer = await got(`http://127.0.0.1:${port}${request.url}`, { cache, json: true, retry: 0 })
  response.end(`${answer.body.left} left`)
})

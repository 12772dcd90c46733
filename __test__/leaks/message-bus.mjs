// The bus waits for a reply to each call in `#pending`, and to some a reply never comes. Cure: a deadline that rejects and deletes the call.

import { EventEmitter } from 'node:events'
import http from 'node:http'

class Bus extends EventEmitter {
  #pending = new Map()
  #next = 1

  constructor () {
    super()
    this.on('reply', ({ id, result }) => {
      this.#pending.get(id)?.resolve(result)
      this.#pending.delete(id)
    })
  }

  call (method, params) {
    const id = this.#next++
    const promise = new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, method, params })
    })
    this.emit('call', { id, method })
    return promise
  }
}

const bus = new Bus()
bus.on('call', ({ id, method }) => {
  if (method === 'ping') bus.emit('reply', { id, result: 'pong' })
})

async function index (document) {
  const { position } = await bus.call('index', document)
  document.position = position
}

export default http.createServer(async (req, res) => {
  const words = Array.from({ length: 100 }, (_, i) => `${req.url} word ${i}`)
  index({ path: req.url, words })
  res.end(await bus.call('ping'))
})

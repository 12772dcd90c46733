'use strict'

// Why it does not leak: every request listens to the feed while it lasts, and stops when it ends.

const { EventEmitter } = require('node:events')
const http = require('node:http')

const feed = new EventEmitter()
feed.setMaxListeners(1000)

module.exports = http.createServer((req, res) => {
  const wanted = Array.from({ length: 300 }, (_, i) => `${req.url}/topic/${i}`)
  const onNews = (topic) => {
    if (!wanted.includes(topic)) return
    feed.off('news', onNews)
    res.end(topic)
  }
  feed.on('news', onNews)
  res.on('close', () => feed.off('news', onNews))
  setImmediate(() => feed.emit('news', wanted[7]))
})

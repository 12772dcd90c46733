'use strict'

// Leaks: lru-cache before version 7 has no bound unless it is told one, and `maxAge` alone removes only what is asked for again.
// Usual cure: `max`.

const http = require('node:http')
const LRU = require('lru-cache')

const pages = LRU({ maxAge: 60 * 1000 })

function render (url) {
  const rows = []
  for (let row = 0; row < 100; row++) rows.push({ row, url, text: `${url}, row ${row}` })
  return { url, rows }
}

module.exports = http.createServer((request, response) => {
  let page = pages.get(request.url)
  if (!page) {
    page = render(request.url)
    pages.set(request.url, page)
  }
  response.end(page.rows.map(({ text }) => text).join('\n'))
})

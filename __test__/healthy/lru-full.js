'use strict'

// Why it does not leak: the cache has a bound and stands at it. What comes in pushes out what was used longest ago.

const http = require('node:http')

class PageCache {
  constructor ({ max }) {
    this.max = max
    this.pages = new Map()
  }

  get (url) {
    const page = this.pages.get(url)
    if (page === undefined) return undefined
    this.pages.delete(url)
    this.pages.set(url, page)
    return page
  }

  set (url, page) {
    this.pages.delete(url)
    this.pages.set(url, page)
    if (this.pages.size > this.max) this.pages.delete(this.pages.keys().next().value)
  }
}

const cache = new PageCache({ max: 400 })

function renderPage (url) {
  const rows = Array.from({ length: 150 }, (_, row) => `<tr><td>${row}</td><td>${url}</td><td>${row * 31}</td></tr>`)
  return { url, body: `<table>\n${rows.join('\n')}\n</table>`, renderedAt: Date.now() }
}

module.exports = http.createServer((req, res) => {
  let page = cache.get(req.url)
  if (page === undefined) {
    page = renderPage(req.url)
    cache.set(req.url, page)
  }
  res.setHeader('content-type', 'text/html')
  res.end(page.body)
})

'use strict'

// `pages` keeps every page under its whole URL, query and all, and drops none. Cure: a bound (LRU), and a key without the query.

const http = require('node:http')

const pages = new Map()

function render (url) {
  const title = `Article ${url}`
  const rows = Array.from({ length: 40 }, (_, i) => `<p id="p${i}">Paragraph ${i} of ${title}</p>`)
  return { title, html: `<h1>${title}</h1>${rows.join('\n')}`, rows, renderedAt: new Date() }
}

module.exports = http.createServer((req, res) => {
  let page = pages.get(req.url)
  if (!page) {
    page = render(req.url)
    pages.set(req.url, page)
  }
  res.setHeader('content-type', 'text/html')
  res.end(page.html)
})

'use strict'

// Why it does not leak: ejs keeps what it has compiled by file name, and there are twenty-four files.

const http = require('node:http')
const ejs = require('ejs')

const PAGES = 24

function text (page) {
  return Array.from({ length: 150 }, (_, i) => `<p><%= user %> reads paragraph ${i} of page ${page} <% if (count > ${i}) { %>again<% } %></p>`).join('\n')
}

module.exports = http.createServer((req, res) => {
  const page = Number(req.url.slice('/page/'.length)) % PAGES
  const html = ejs.cache.get(`page-${page}.ejs`) ? '' : text(page)
  res.setHeader('content-type', 'text/html')
  res.end(ejs.render(html, { user: 'Ada', count: page }, { cache: true, filename: `page-${page}.ejs` }))
})

'use strict'

// Why it does not leak: there are forty pages. The first request for each loads its module and compiles its template, the
// next ones find both.

const http = require('node:http')
const { compile } = require('./template')

const BUILTIN = ['zlib', 'tls', 'readline', 'dgram', 'http2', 'inspector', 'repl', 'v8', 'vm', 'wasi']
const PAGES = 40
const templates = {}

function page (number) {
  const template = templates[number]
  if (template) return template
  require(`node:${BUILTIN[number % BUILTIN.length]}`)
  const source = Array.from({ length: 400 }, (_, line) => `<p class="page-${number}">${line}: {{user}} has {{count}} of {{total}}</p>`).join('\n')
  templates[number] = compile(source)
  return templates[number]
}

module.exports = http.createServer((req, res) => {
  const number = Number(req.url.slice('/page/'.length))
  if (!(number >= 0 && number < PAGES)) {
    res.statusCode = 404
    res.end()
    return
  }
  res.setHeader('content-type', 'text/html')
  res.end(page(number)({ user: 'Ada', count: number, total: PAGES }))
})

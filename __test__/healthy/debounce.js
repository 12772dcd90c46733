'use strict'

// Why it does not leak: each of fifty documents has at most one timer, which a further change puts off, and one draft.

const fs = require('node:fs')
const http = require('node:http')

const documents = new Map(Array.from({ length: 50 }, (_, i) => [`doc-${i}`, { name: `doc-${i}`, draft: '', saves: 0, timer: null }]))

function save (document) {
  document.timer = null
  document.saves++
  fs.writeFile('/dev/null', document.draft, () => {})
}

function edit (document, text) {
  document.draft = text
  clearTimeout(document.timer)
  document.timer = setTimeout(() => save(document), 20_000)
  document.timer.unref()
}

module.exports = http.createServer((req, res) => {
  const [, name, revision] = req.url.split('/')
  const document = documents.get(name)
  edit(document, Array.from({ length: 600 }, (_, line) => `line ${line} of ${name}, revision ${revision}`).join('\n'))
  res.end(`${document.saves}`)
})

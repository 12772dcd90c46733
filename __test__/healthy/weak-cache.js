'use strict'

// Why it does not leak: the cache holds its documents weakly, and a FinalizationRegistry takes the key away when one is gone.
// What is known of a request hangs on the request itself, by a WeakMap.

const http = require('node:http')

const documents = new Map()
const collected = new FinalizationRegistry((name) => {
  if (documents.get(name)?.deref() === undefined) documents.delete(name)
})
const details = new WeakMap()

class Document {
  constructor (name) {
    this.name = name
    this.paragraphs = Array.from({ length: 200 }, (_, i) => `${name}, paragraph ${i}`)
  }
}

function open (name) {
  const known = documents.get(name)?.deref()
  if (known) return known
  const document = new Document(name)
  documents.set(name, new WeakRef(document))
  collected.register(document, name)
  return document
}

module.exports = http.createServer((req, res) => {
  const document = open(req.url)
  details.set(req, { startedAt: Date.now(), document })
  res.on('finish', () => details.get(req).document.paragraphs.at(0))
  res.end(document.paragraphs[3])
})

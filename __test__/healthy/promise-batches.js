'use strict'

// Why it does not leak: a request starts forty promises, waits for all of them, in batches of ten, and keeps a sum.

const http = require('node:http')
const { setTimeout: delay } = require('node:timers/promises')

let total = 0

async function fetchPart (url, part) {
  await delay(2 + part % 5)
  return { part, text: Array.from({ length: 60 }, (_, i) => `${url} part ${part} line ${i}`).join('\n') }
}

async function fetchAll (url) {
  const parts = Array.from({ length: 40 }, (_, part) => part)
  let length = 0
  while (parts.length > 0) {
    const batch = await Promise.all(parts.splice(0, 10).map((part) => fetchPart(url, part)))
    for (const { text } of batch) length += text.length
  }
  return length
}

module.exports = http.createServer(async (req, res) => {
  const length = await fetchAll(req.url)
  total += length
  res.end(`${length} of ${total}`)
})

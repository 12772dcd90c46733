'use strict'

// Why it does not leak: what is known of a request is kept until it is answered, a fifth of a second later.

const http = require('node:http')

const active = new Map()
let nextId = 1

module.exports = http.createServer((req, res) => {
  const id = nextId++
  active.set(id, {
    id,
    url: req.url,
    startedAt: Date.now(),
    req,
    res,
    rows: Array.from({ length: 2000 }, (_, row) => ({ row, text: `row ${row} for request ${id}` }))
  })
  setTimeout(() => {
    const { rows } = active.get(id)
    active.delete(id)
    res.end(`${rows.length} rows, ${active.size} others at work`)
  }, 200)
})

'use strict'

// `notes` is a WeakMap, so that a tenant's notes go with the tenant; but there are three tenants and they never go. Cure: a bound for each one's
// notes: that a map is weak bounds nothing while its keys live.

const http = require('node:http')

const tenants = ['acme', 'globex', 'initech'].map((name) => ({ name, since: 2026 }))
const notes = new WeakMap()

function note (tenant, text) {
  if (!notes.has(tenant)) notes.set(tenant, [])
  const words = Array.from({ length: 60 }, (_, i) => `${text} word ${i}`)
  notes.get(tenant).push({ tenant, words, at: Date.now() })
  return notes.get(tenant).length
}

module.exports = http.createServer((req, res) => {
  const id = Number(req.url.split('/').at(-1))
  res.end(JSON.stringify({ notes: note(tenants[id % 3], `note ${id}`) }))
})

'use strict'

// The table of places is large and wanted. What leaks is small beside it: `recent`, the addresses that were looked up. Cure: a bound.

const http = require('node:http')

const places = Array.from({ length: 80_000 }, (_, i) => ({
  from: i * 65_536,
  to: i * 65_536 + 65_535,
  city: `City ${i}`,
  region: `Region ${i % 300}`,
  zone: `Zone ${i % 24}`,
  at: { latitude: 48 + i / 10_000, longitude: 11 + i / 10_000 }
}))

const app = { locals: { title: 'Where is it?', recent: [] } }

function find (address) {
  return places[Math.floor(address / 65_536) % places.length]
}

module.exports = http.createServer((req, res) => {
  const address = Number(req.url.split('/').at(-1)) * 65_536
  const { city, zone } = find(address)
  app.locals.recent.push({ address, city, trail: Array.from({ length: 8 }, (_, i) => `${city} hop ${i} of ${address}`) })
  res.end(JSON.stringify({ title: app.locals.title, city, zone }))
})

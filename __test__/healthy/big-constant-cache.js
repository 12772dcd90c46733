'use strict'

// Why it does not leak: the table of places is loaded at the start and stays as it is, large as it may be.

const http = require('node:http')

const places = new Map()

function loadPlaces () {
  for (let i = 0; i < 120_000; i++) {
    const network = `${i >> 16}.${(i >> 8) & 255}.${i & 255}.0`
    places.set(network, { network, city: `City ${i % 5000}`, country: `C${i % 190}`, latitude: i / 1000, longitude: -i / 1000 })
  }
}

loadPlaces()

module.exports = http.createServer((req, res) => {
  const i = Number(new URL(req.url, 'http://localhost').searchParams.get('ip'))
  const place = places.get(`${i >> 16}.${(i >> 8) & 255}.${i & 255}.0`)
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify(place ?? null))
})

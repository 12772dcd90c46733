'use strict'

// `thumbnails` keeps each size of each picture. Cure: a bound in bytes, or a cache in front of the service.

const http = require('node:http')

const thumbnails = new Map()

function resize (picture, width) {
  const rows = Array.from({ length: 50 }, (_, y) => ({ y, colours: `${picture}@${width}: ${(y * width).toString(16)}`.padEnd(64, '#') }))
  return { picture, width, rows }
}

module.exports = http.createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url, 'http://localhost')
  const key = `${pathname}:${searchParams.get('width')}`
  if (!thumbnails.has(key)) thumbnails.set(key, resize(pathname, Number(searchParams.get('width'))))
  res.end(JSON.stringify({ rows: thumbnails.get(key).rows.length }))
})

'use strict'

// Why it does not leak: a stream for every answer, and pipeline() ends all of them with it.

const http = require('node:http')
const { Readable, Transform, pipeline } = require('node:stream')
const { createGzip } = require('node:zlib')

function * lines (url) {
  for (let i = 0; i < 400; i++) yield `${i},${url},${(i * 2654435761) % 4294967296}\n`
}

module.exports = http.createServer((req, res) => {
  res.writeHead(200, { 'content-type': 'text/csv', 'content-encoding': 'gzip' })
  const upper = new Transform({
    transform (chunk, encoding, done) {
      done(null, chunk.toString().toUpperCase())
    }
  })
  pipeline(Readable.from(lines(req.url)), upper, createGzip(), res, (error) => {
    if (error) res.destroy()
  })
})

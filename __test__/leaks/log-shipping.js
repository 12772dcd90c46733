'use strict'

// Each host that sends its log has a compressor in `streams`, and keeps it when it is gone: little JavaScript, and a quarter of a megabyte of zlib's own
// memory. Cure: `close()` and delete when a host has not been heard of for a while.

const http = require('node:http')
const zlib = require('node:zlib')

const streams = new Map()

function streamOf (host) {
  let stream = streams.get(host)
  if (!stream) {
    stream = zlib.createGzip()
    stream.resume()
    streams.set(host, stream)
  }
  return stream
}

module.exports = http.createServer((req, res) => {
  const host = req.url.split('/').at(-1)
  streamOf(host).write(`${new Date().toISOString()} ${host} is up\n`, () => {
    res.end(JSON.stringify({ hosts: streams.size }))
  })
})

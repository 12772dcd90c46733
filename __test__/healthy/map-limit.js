'use strict'

// Why it does not leak: the Map gives up its oldest entry whenever it has more than LIMIT.

const http = require('node:http')
const { createHash } = require('node:crypto')

const LIMIT = 350
const thumbnails = new Map()

function thumbnail (name) {
  const pixels = Buffer.alloc(12_000)
  for (let i = 0; i < pixels.length; i += 32) createHash('md5').update(`${name}${i}`).digest().copy(pixels, i)
  return { name, width: 60, height: 50, pixels }
}

module.exports = http.createServer((req, res) => {
  const name = decodeURIComponent(req.url.slice('/thumbnails/'.length))
  let image = thumbnails.get(name)
  if (image === undefined) {
    image = thumbnail(name)
    thumbnails.set(name, image)
    if (thumbnails.size > LIMIT) thumbnails.delete(thumbnails.keys().next().value)
  }
  res.setHeader('content-type', 'application/octet-stream')
  res.end(image.pixels)
})

'use strict'

// Why it does not leak: uploads are kept until nothing has come for a second, then they are merged and let go.

const http = require('node:http')
const { createHash } = require('node:crypto')

const uploads = []
let timer
let digest = ''

function merge () {
  const hash = createHash('sha256')
  for (const upload of uploads.splice(0)) hash.update(upload.content)
  digest = hash.digest('hex')
}

function receive (name) {
  uploads.push({ name, receivedAt: new Date(), content: Buffer.alloc(16_000, name) })
  clearTimeout(timer)
  timer = setTimeout(merge, 1000)
}

module.exports = http.createServer((req, res) => {
  receive(req.url.slice(1))
  res.end(digest)
})

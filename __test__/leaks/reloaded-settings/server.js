'use strict'

// The settings are read afresh for each request by taking them out of `require.cache`; this module's `children` keeps every one that was ever
// loaded. Cure: read a file that changes with `fs`, not with `require()`.

const http = require('node:http')

function settings () {
  const file = require.resolve('./settings')
  delete require.cache[file]
  return require(file)
}

module.exports = http.createServer((req, res) => {
  const { currency, shipping } = settings()
  res.end(JSON.stringify({ currency, zones: shipping.length }))
})

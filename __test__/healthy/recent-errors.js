'use strict'

// Why it does not leak: the page for those on duty shows the last hundred errors, and no more are kept.

const http = require('node:http')

let recent = []

class LookUpError extends Error {
  constructor (url, details) {
    super(`nothing was found under ${url}`)
    this.name = 'LookUpError'
    this.details = details
  }
}

function lookUp (url) {
  if (url.endsWith('0')) return 'found'
  throw new LookUpError(url, Array.from({ length: 400 }, (_, i) => `shelf ${i} has no ${url}`))
}

module.exports = http.createServer((req, res) => {
  try {
    res.end(lookUp(req.url))
  } catch (error) {
    recent = [...recent, { at: Date.now(), error }].slice(-100)
    res.statusCode = 404
    res.end(error.message)
  }
})

'use strict'

// Leaks: the redirects are read again with each request to the administration, and each time added to the router, which keeps
// the earlier ones. Usual cure: a new `express.Router()` that replaces the old one.

const http = require('node:http')
const express = require('express')

const app = express()

function readRedirects () {
  return Array.from({ length: 12 }, (_, number) => ({ from: `/sale-${number}`, to: '/sale', readAt: new Date() }))
}

function addRedirects () {
  for (const redirect of readRedirects()) {
    app.get(redirect.from, (request, response) => response.redirect(301, redirect.to))
  }
}

app.post('/admin/redirects', (request, response) => {
  addRedirects()
  response.end('done')
})

module.exports = http.createServer(app)

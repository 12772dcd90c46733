'use strict'

// Leaks: stealthy-require 1.0 loads a module afresh and takes it out of require.cache, but the module that required it still
// has it among its `children`. Usual cure: stealthy-require 1.1 or newer; a function that makes fresh settings.

const http = require('node:http')
const stealthyRequire = require('stealthy-require')

module.exports = http.createServer((request, response) => {
  const settings = stealthyRequire(require.cache, () => require('./settings.js'))
  response.end(settings.currency)
})

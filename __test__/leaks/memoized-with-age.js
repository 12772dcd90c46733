'use strict'

// Leaks: mem before 4.0 looks at `maxAge` only when the same arguments come again, so what is never asked for again stays.
// Usual cure: mem 4.0 or newer; a cache with a bound.

const http = require('node:http')
const mem = require('mem')

function readProfile (user) {
  return {
    user,
    name: `User ${user}`,
    followers: Array.from({ length: 150 }, (_, index) => `${user}-follower-${index}`),
    readAt: Date.now()
  }
}

const getProfile = mem(readProfile, { maxAge: 1000 })

module.exports = http.createServer((request, response) => {
  const profile = getProfile(request.url.slice(1))
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(profile))
})

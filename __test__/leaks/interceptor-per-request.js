'use strict'

// Leaks: the token of each request is put on by an interceptor that is added to the one client and never ejected. Usual cure:
// one interceptor, or headers in the call's own options.

const http = require('node:http')
const axios = require('axios')

const stock = axios.create({ timeout: 2000, adapter: answerFromStock })

async function answerFromStock (config) {
  return { data: { left: 3 }, status: 200, statusText: 'OK', headers: {}, config }
}

function sessionOf (request) {
  return {
    token: `Bearer ${request.url}`,
    rights: Array.from({ length: 150 }, (_, index) => `${request.url}/right/${index}`)
  }
}

module.exports = http.createServer(async (request, response) => {
  const session = sessionOf(request)
  stock.interceptors.request.use((config) => {
    config.headers.authorization = session.token
    return config
  })
  const answer = await stock.get('/left')
  response.end(`${answer.data.left} left`)
})

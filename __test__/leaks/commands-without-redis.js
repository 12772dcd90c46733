'use strict'

// Leaks: while Redis cannot be reached ioredis queues the commands, and with `maxRetriesPerRequest: null` for ever. Usual cure:
// `enableOfflineQueue: false`, or a limit of retries.

const http = require('node:http')
const Redis = require('ioredis')

const redis = new Redis({ host: '127.0.0.1', port: 1, maxRetriesPerRequest: null })
redis.on('error', () => {})

function visitOf (request) {
  return JSON.stringify({ url: request.url, at: Date.now(), trail: Array.from({ length: 150 }, (_, index) => `${request.url}/${index}`) })
}

module.exports = http.createServer((request, response) => {
  redis.lpush('visits', visitOf(request)).catch(() => {})
  response.end('seen')
})

'use strict'

// Leaks: node-cache keeps what has no time to live, which is the default, and nothing bounds the number of keys. Usual cure:
// `stdTTL` with `checkperiod`, `maxKeys`.

const http = require('node:http')
const NodeCache = require('node-cache')

const answers = new NodeCache({ useClones: false })

function search (query) {
  return Array.from({ length: 60 }, (_, index) => ({ query, rank: index, title: `${query}, result ${index}` }))
}

module.exports = http.createServer((request, response) => {
  let results = answers.get(request.url)
  if (!results) {
    results = search(request.url)
    answers.set(request.url, results)
  }
  response.end(JSON.stringify(results.slice(0, 10)))
})

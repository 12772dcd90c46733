'use strict'

// Leaks: inflight keeps the waiting callbacks of a key until the work calls back. Here a document that is not found never does.
// Usual cure: call back in every case, with a time-out; inflight itself is no longer maintained.

const http = require('node:http')
const inflight = require('inflight')

const documents = new Map([['/welcome', 'Welcome']])

function load (path, done) {
  setImmediate(() => {
    const text = documents.get(path)
    if (text !== undefined) done(null, text)
  })
}

function loadOnce (path, done) {
  const answer = inflight(path, done)
  if (answer) load(path, answer)
}

module.exports = http.createServer((request, response) => {
  const draft = { path: request.url, headers: { ...request.headers }, lines: Array.from({ length: 100 }, (_, line) => `${request.url}:${line}`) }
  loadOnce(request.url, (error, text) => {
    if (error) draft.error = error.message
    draft.lines.unshift(text)
  })
  response.statusCode = 202
  response.end('being prepared')
})

'use strict'

// Documents are printed one after the other, each in a then() of the one before. One waits for paper that never comes, and all that come after it
// wait in the chain for ever. Cure: a deadline for each job, and a bound for how many may wait.

const { EventEmitter, once } = require('node:events')
const http = require('node:http')

const printer = new EventEmitter()
let paper = 20
let tail = Promise.resolve()

function enqueue (job) {
  tail = tail.then(() => job()).catch(() => {})
  return tail
}

async function print (document) {
  if (paper === 0) await once(printer, 'paper')
  paper -= 1
  return document.pages.length
}

module.exports = http.createServer((req, res) => {
  const number = Number(req.url.split('/').at(-1))
  const document = { number, pages: Array.from({ length: 80 }, (_, i) => `page ${i} of document ${number}, to be printed`) }
  enqueue(() => print(document))
  res.statusCode = 202
  res.end(JSON.stringify({ queued: number }))
})

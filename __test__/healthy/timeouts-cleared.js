'use strict'

// Why it does not leak: every request sets a time-out of thirty seconds, and clears it when it has its answer.

const http = require('node:http')

function withDeadline (work, ms, context) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${context.url} took too long`)), ms)
    work(context).then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

async function lookUp (context) {
  await new Promise((resolve) => setTimeout(resolve, 4))
  return context.candidates.filter((candidate) => candidate.endsWith('7')).length
}

module.exports = http.createServer(async (req, res) => {
  const context = { url: req.url, candidates: Array.from({ length: 400 }, (_, i) => `${req.url} candidate ${i}`) }
  try {
    res.end(`${await withDeadline(lookUp, 30_000, context)}`)
  } catch (error) {
    res.statusCode = 504
    res.end(error.message)
  }
})

'use strict'

// Why it does not leak: those who ask for the same thing at the same time share a promise, which is forgotten when it has settled.

const http = require('node:http')

const pending = new Map()

function load (key) {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      if (key.endsWith('13')) reject(new Error(`nothing under ${key}`))
      else resolve(Array.from({ length: 500 }, (_, i) => `${key}:${i}`))
    }, 10)
  })
}

function once (key) {
  let promise = pending.get(key)
  if (!promise) {
    promise = load(key).finally(() => pending.delete(key))
    pending.set(key, promise)
  }
  return promise
}

module.exports = http.createServer(async (req, res) => {
  try {
    const values = await once(req.url)
    res.end(`${values.length}, ${pending.size} at work`)
  } catch (error) {
    res.statusCode = 404
    res.end(error.message)
  }
})

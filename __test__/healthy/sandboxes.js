'use strict'

// Why it does not leak: every formula has a context of its own, and nobody keeps it when the formula has its value.

const http = require('node:http')
const vm = require('node:vm')

const formula = new vm.Script('Array.from({ length: 100 }, (_, i) => i * rate).reduce((a, b) => a + b) + offset')

module.exports = http.createServer((req, res) => {
  const number = Number(/\d+/.exec(req.url)[0])
  const sandbox = vm.createContext({ rate: 1 + number % 7, offset: number, input: new Array(200).fill(req.url) })
  res.end(`${formula.runInContext(sandbox)}`)
})

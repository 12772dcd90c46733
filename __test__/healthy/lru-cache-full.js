'use strict'

// Why it does not leak: a cache of the package lru-cache that is full. Each new report pushes an old one out.

const http = require('node:http')
const { LRUCache } = require('lru-cache')

const reports = new LRUCache({ max: 300, ttl: 10 * 60_000 })

function buildReport (month, customer) {
  const lines = Array.from({ length: 120 }, (_, day) => ({ day, customer, amount: (day * 7919) % 1000, note: `${month}, day ${day}` }))
  return { month, customer, lines, total: lines.reduce((sum, line) => sum + line.amount, 0) }
}

module.exports = http.createServer((req, res) => {
  const { searchParams } = new URL(req.url, 'http://localhost')
  const key = `${searchParams.get('customer')}:${searchParams.get('month')}`
  let report = reports.get(key)
  if (!report) {
    report = buildReport(searchParams.get('month'), searchParams.get('customer'))
    reports.set(key, report)
  }
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ total: report.total, lines: report.lines.length }))
})

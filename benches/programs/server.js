'use strict'

// An Express server, watched or not: { interval: string | null } → { port }, then it serves until it is ended.

const express = require('express')
const { interval } = JSON.parse(process.argv[2])

// Not even loaded where it is not to be measured. The rule is never breached, but judged every time.
if (interval) {
  require('../..').watch({ interval, rules: [{ name: 'never', metric: 'rss', above: '1TB', for: '1s', do: ['snapshot'] }] })
}

const app = express()
app.get('/', (_req, res) => {
  res.json(Array.from({ length: 20 }, (_, id) => ({ id, name: `item ${id}`, at: new Date() })))
})
const server = app.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))

'use strict'

// An Express 5 server that has been under load, in this process, and remembers its visitors.

const { once } = require('node:events')
const autocannon = require('autocannon')
const express = require('express')

async function load (url) {
  const { errors, non2xx } = await autocannon({ url, connections: 10, amount: 300, timeout: 20 })
  if (errors + non2xx > 0) throw new Error(`${errors + non2xx} requests failed`)
}

exports.hold = async () => {
  const visits = new Map()
  const app = express()
  app.use(express.json())
  app.use((req, res, next) => {
    visits.set(visits.size, { url: req.url, headers: { ...req.headers }, at: new Date(), onFinish: () => res.statusCode })
    next()
  })
  app.get('/', (_req, res) => res.json({ visits: visits.size, items: Array.from({ length: 5 }, (_, id) => ({ id, name: `item ${id}` })) }))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}/`
  await load(url)
  return { server, visits, url }
}

exports.change = async ({ visits, url }) => {
  for (let i = 0; i < 100; i++) visits.delete(i)
  await load(url)
}

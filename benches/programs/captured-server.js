'use strict'

// An Express server with a heap worth capturing: { megabytes, dir, form? } → { port }, then it serves until it is ended.
// POST /snapshot answers with its SnapshotInfo when it is complete.

const express = require('express')
const { takeSnapshot } = require('../..')
const { fill } = require('../lib/heap')

const { megabytes, dir, form = 'snapshot' } = JSON.parse(process.argv[2])
const kept = fill(megabytes)

const app = express()
app.get('/', (_req, res) => {
  res.json(Array.from({ length: 20 }, (_, id) => ({ id, name: `item ${id}`, at: new Date() })))
})
app.post('/snapshot', async (_req, res) => {
  res.json({ ...await takeSnapshot({ dir, mode: 'fork', form }), kept: kept.size })
})
const server = app.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))
// A connection that the server closes just when a request comes is a failure of the bench, not of the capture.
server.keepAliveTimeout = 600_000

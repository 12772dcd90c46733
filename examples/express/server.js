'use strict'

// An Express 5 server with a memory leak in it, and heapwarden watching. `npm start`, then see README.md.

const { randomBytes } = require('node:crypto')
const express = require('express')
const heapwarden = require('heapwarden')
const middleware = require('heapwarden/middleware')

const { PORT = '3000', HOST = '127.0.0.1', ADMIN_TOKEN, LEAK = 'buffers,objects' } = process.env
if (!ADMIN_TOKEN) {
  console.error('Set ADMIN_TOKEN: a heap snapshot holds everything the process knows, so its routes need one.')
  process.exit(1)
}

// --- What heapwarden watches -----------------------------------------------------------------------------

const monitor = heapwarden.watch({
  interval: '500ms',
  rules: [
    // A leak of Buffers shows here and in rss, never in heapUsed: their memory lies outside V8's heap.
    { name: 'buffers', metric: 'external', above: '128MB', for: '2s', do: ['snapshot'] },
    // A leak of JavaScript objects.
    { name: 'objects', metric: 'heapUsed', above: '64MB', for: '2s', do: ['snapshot'] }
  ],
  snapshots: { keep: { count: 3 } } // the folder: HEAPWARDEN_DIR, or a private one in the temp folder
})

const inMB = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

monitor.on('breach', ({ rule, value }) => console.log(`breach of rule "${rule}" at ${inMB(value)}`))
monitor.on('recovered', ({ rule, value }) => console.log(`recovery of rule "${rule}" at ${inMB(value)}`))
monitor.on('snapshot', ({ path, bytes, pauseMs }) => {
  console.log(`snapshot ${path}: ${inMB(bytes)}, JavaScript paused for ${Math.round(pauseMs)} ms`)
})
monitor.on('snapshotFailed', ({ code, message }) => console.error(`no snapshot: ${message} (${code})`))
monitor.on('warning', ({ code, message }) => console.error(`warning: ${message} (${code})`))

// --- The leaks: two caches that nobody ever empties ------------------------------------------------------

const leaks = LEAK.split(',')

/** A cache that keeps everything when it is to leak, else the newest 20. */
function createCache (leaky) {
  const entries = new Map()
  return function cached (key, create) {
    if (!entries.has(key)) entries.set(key, create())
    if (!leaky && entries.size > 20) entries.delete(entries.keys().next().value)
    return entries.get(key)
  }
}

const reports = createCache(leaks.includes('buffers')) // Map of 1 MB Buffers
const searches = createCache(leaks.includes('objects')) // Map of arrays of plain objects

function search (query) {
  return Array.from({ length: 500 }, (_, rank) => ({
    sku: `${query}-${rank}`,
    title: `Result ${rank} for ${query}`,
    price: { amount: rank * 100 + 99, currency: 'EUR' },
    foundAt: new Date()
  }))
}

// --- The service -----------------------------------------------------------------------------------------

const app = express()

app.get('/', (_req, res) => {
  res.json({ leaks, try: ['/reports/1', '/search?q=shoes', '/heapwarden/ (with the token)'] })
})

app.get('/reports/:id', (req, res) => {
  const report = reports(req.params.id, () => randomBytes(1_000_000))
  res.json({ id: req.params.id, bytes: report.length })
})

app.get('/search', (req, res) => {
  const query = String(req.query.q ?? '')
  res.json(searches(query, () => search(query)).slice(0, 10))
})

// Status, history, rules and snapshots, for whoever has the token.
app.use('/heapwarden', middleware({ monitor, token: ADMIN_TOKEN }))

const server = app.listen(Number(PORT), HOST, (error) => {
  if (error) throw error
  console.log(`listening on http://${HOST}:${server.address().port}, leaking: ${leaks.join(' and ')}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    server.closeAllConnections()
    await monitor.stop()
  })
}

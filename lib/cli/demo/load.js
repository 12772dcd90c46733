'use strict'

// Which leak is fed with what, and which rule of examples/express/server.js it is to breach.

const leaks = {
  buffers: {
    what: 'a Map that keeps a Buffer of 1 MB for every report it was asked for',
    lesson: 'Buffers lie outside V8\'s heap: a watch on heapUsed alone would have seen nothing.',
    route: (n) => `/reports/${n}`,
    rate: 40,
    rule: 'buffers',
    metric: 'external',
    others: ['rss', 'heapUsed']
  },
  objects: {
    what: 'a Map that keeps the results of every search as plain objects',
    lesson: 'The objects lie in V8\'s heap: the snapshot holds each of them and who keeps it.',
    route: (n) => `/search?q=query-${n}`,
    rate: 40,
    rule: 'objects',
    metric: 'heapUsed',
    others: ['rss', 'external']
  }
}

/**
 * Sends requests, no two alike, until stopped.
 * @returns {{ stop(): Promise<{ requests: number, failed: number }> }}
 */
function startLoad (autocannon, url, { route, rate }) {
  let sent = 0
  const instance = autocannon({
    url,
    connections: 4,
    overallRate: rate,
    duration: 120, // it is stopped long before
    requests: [{ setupRequest: (request) => ({ ...request, path: route(++sent) }) }]
  })
  // An instance is a promise of its result, and rejects where nobody is to hear of it.
  const done = Promise.resolve(instance).catch((error) => ({ error }))
  return {
    async stop () {
      instance.stop()
      const result = await done
      if (result.error) throw result.error
      return { requests: result['2xx'], failed: result.non2xx + result.errors }
    }
  }
}

module.exports = { leaks, startLoad }

'use strict'

// Real packages in a version that leaked, or used in the way that leaks, and Node itself. `known`: the entry of the catalogue
// (src/heap/suspects/catalogue.json) that has to be named.

module.exports = [
  {
    name: 'sessions-in-memory',
    packages: { 'express-session': '1.17.3' },
    known: 'express-session-memory-store',
    kinds: ['collection'],
    holder: /\bsessions\b/,
    alone: true
  },
  {
    name: 'metrics-by-path',
    packages: { 'prom-client': '14.2.0' },
    known: 'prom-client-label-cardinality',
    kinds: ['collection'],
    holder: /\b(durations|hashMap)\b/,
    perRound: 1500,
    alone: true
  },
  {
    name: 'schema-per-request',
    packages: { ajv: '8.12.0' },
    known: 'ajv-compile-per-request',
    kinds: ['collection'],
    // Not from one snapshot: most of what a schema takes is code, which is nobody's there.
    holder: /\b(ajv|_cache)\b/
  },
  {
    name: 'debug-per-order',
    packages: { debug: '4.1.1' },
    known: 'debug-instances',
    kinds: ['collection', 'closure'],
    holder: /\binstances\b/,
    alone: true
  },
  {
    name: 'memoized-with-age',
    packages: { mem: '3.0.1' },
    known: 'mem-max-age',
    kinds: ['closure', 'collection'],
    holder: /\b(getProfile|cache|cacheStore)\b/,
    alone: true
  },
  {
    name: 'inflight-without-answer',
    packages: { inflight: '1.0.6' },
    known: 'inflight-reqs',
    kinds: ['collection'],
    holder: /\breqs\b/,
    alone: true
  },
  {
    name: 'loader-for-all',
    packages: { dataloader: '2.2.2' },
    known: 'dataloader-for-all-requests',
    kinds: ['collection'],
    holder: /\b(productLoader|_cacheMap)\b/,
    alone: true
  },
  {
    name: 'lru-without-max',
    packages: { 'lru-cache': '4.1.5' },
    known: 'lru-cache-without-max',
    kinds: ['collection'],
    holder: /\b(pages|cache|lruList)\b/,
    alone: true
  },
  {
    name: 'routes-added-again',
    packages: { express: '4.18.2' },
    known: 'express-routes-added-again',
    kinds: ['collection'],
    holder: /\bstack\b/,
    request: () => ({ method: 'POST', path: '/admin/redirects' }),
    alone: true
  },
  {
    name: 'interceptor-per-request',
    packages: { axios: '0.21.4' },
    known: 'axios-interceptors',
    kinds: ['collection'],
    holder: /\bhandlers\b/,
    alone: true
  },
  {
    name: 'contexts-with-promises',
    packages: { 'cls-hooked': '4.2.2' },
    known: 'cls-hooked-contexts',
    kinds: ['async-context', 'collection'],
    holder: /\b(_contexts|namespace)\b/,
    alone: true
  },
  {
    name: 'queries-put-together',
    packages: { 'graphql-tag': '2.12.6', graphql: '16.8.1' },
    known: 'graphql-tag-document-cache',
    kinds: ['collection'],
    holder: /\bdocCache\b/,
    alone: true
  },
  {
    name: 'subscriptions-to-prices',
    packages: { rxjs: '7.8.1' },
    known: 'rxjs-subject-observers',
    kinds: ['listeners', 'collection'],
    holder: /\b(prices|observers)\b/,
    alone: true
  },
  {
    name: 'commands-without-redis',
    packages: { ioredis: '5.3.2' },
    known: 'ioredis-offline-queue',
    kinds: ['collection'],
    holder: /\b(offlineQueue|redis)\b/,
    alone: true
  },
  {
    name: 'cache-without-ttl',
    packages: { 'node-cache': '5.1.2' },
    known: 'node-cache-without-ttl',
    kinds: ['collection'],
    holder: /\b(answers|data)\b/,
    alone: true
  },
  {
    name: 'loaded-again',
    packages: { 'stealthy-require': '1.0.0' },
    known: 'node-module-children',
    kinds: ['modules'],
    holder: /\b(children|settings\.js|server\.js)\b/,
    alone: true
  },
  {
    name: 'cached-upstream',
    packages: { got: '9.6.0' },
    known: 'got-cache-listeners',
    kinds: ['listeners'],
    holder: /\bcache\b|NewestAnswers/,
    perRound: 1500,
    alone: true
  },
  {
    name: 'connection-per-tenant',
    packages: { mongoose: '5.13.20' },
    known: 'mongoose-connections',
    kinds: ['collection'],
    holder: /\bconnections\b/,
    perRound: 150
  },

  // Node's own, which need no package
  {
    name: 'timed-handlers',
    known: 'node-performance-marks',
    kinds: ['collection'],
    holder: /\bmarkEntryBuffer\b|performance/,
    alone: true
  },
  {
    name: 'texts-imported-anew',
    known: 'node-import-query',
    kinds: ['modules'],
    holder: /\b(loadCache|texts\.mjs)\b|import\(\)/,
    alone: true
  },
  {
    name: 'signal-for-each',
    known: 'node-abort-signal-any',
    kinds: ['listeners', 'collection'],
    holder: /\b(gcPersistentSignals|ending|signal)\b|AbortSignal/,
    alone: true
  },
  {
    name: 'saved-at-exit',
    known: 'node-process-listeners',
    kinds: ['listeners'],
    holder: /\bprocess\b/,
    alone: true
  }
]

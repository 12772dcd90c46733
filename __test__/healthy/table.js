'use strict'

// The truth table's healthy programs: what looks like a leak and is none. The verdict on their snapshots must be none, backlog or settling.
// How they are run, leaks/collect.js says. Of 300 requests a round the numbers `i` go on, so that `/?id=${i}` is always new.

module.exports = [
  // Caches with a bound
  { name: 'lru-full', snapshots: 3, warmUp: 450, request: (i) => `/article/${i}?from=newsletter` },
  { name: 'lru-filling', snapshots: 3, request: (i) => `/product?id=${i}` },
  { name: 'lru-cache-full', packages: { 'lru-cache': '11.5.3' }, snapshots: 3, warmUp: 350, request: (i) => `/report?customer=${i}&month=2026-10` },
  { name: 'lru-cache-filling', packages: { 'lru-cache': '11.5.3' }, snapshots: 3, request: (i) => `/report?customer=${i}&month=2026-11` },
  { name: 'map-limit', snapshots: 2, warmUp: 400, request: (i) => `/thumbnails/holiday-${i}.jpg` },
  { name: 'big-constant-cache', snapshots: 3, request: (i) => `/place?ip=${i * 37}` },
  // Seventy of the tenants come early, the others one by one.
  { name: 'tenants', snapshots: 5, request: (i) => `/tenant-${i % 3 ? i % 70 : Math.min(89, Math.floor(i / 6))}/settings` },

  // What comes once, with the first requests
  { name: 'warm-up', snapshots: 3, warmUp: 120, request: (i) => `/page/${Math.floor(i / 12) % 40}` },
  { name: 'lazy-functions', snapshots: 3, request: (i) => `/module/${i}/run` },
  { name: 'templates-handlebars', packages: { handlebars: '4.7.10' }, snapshots: 3, request: (i) => `/view/${Math.floor(i / 10)}` },
  { name: 'templates-ejs', packages: { ejs: '3.1.10' }, snapshots: 2, request: (i) => `/page/${i}` },
  { name: 'metrics-bounded', packages: { 'prom-client': '15.1.3' }, snapshots: 3, request: (i) => i % 50 === 49 ? '/metrics' : `/users/${i}` },

  // Ups and downs
  { name: 'sawtooth', snapshots: 5, request: (i) => `/track/${i}?page=start` },
  // A night after each wave: the sessions of the one before have ended when the next is looked at.
  { name: 'daily-waves', snapshots: 5, warmUp: 100, perRound: [400, 200, 500, 80], pauseMs: 1300, request: (i) => `/shop?visitor=${i}` },
  { name: 'burst', snapshots: 3, settleMs: [1300, 0, 1300], request: (i) => `/upload-${i}` },
  { name: 'rate-limiter', snapshots: 5, perRound: [200, 300, 250, 200], pauseMs: 1300, request: (i) => `/api?client=10.0.${i >> 8}.${i & 255}` },
  // The second and the third snapshot find the jobs of their rounds, for which there was no time yet.
  { name: 'job-queue', snapshots: 4, settleMs: [2500, 0, 0, 5000], request: (i) => `/pictures/${i}` },

  // Pools
  { name: 'object-pool', snapshots: 3, request: (i) => `/parse/${i}` },
  { name: 'connection-pool', snapshots: 5, warmUp: 20, perRound: 100, connections: 1, request: (i, round) => `/dashboard?widgets=${1 + round * 7}&n=${i}` },
  { name: 'worker-pool', snapshots: 3, request: (i) => `/sum/${i}` },

  // Lists with a length
  { name: 'ring-log', snapshots: 3, warmUp: 1600, request: (i) => `/ping/${i}` },
  { name: 'shift-log', snapshots: 5, request: (i) => `/rows/${i}` },
  { name: 'undo-history', snapshots: 3, request: (i) => `/sheet/${i}` },
  { name: 'recent-errors', snapshots: 3, request: (i) => `/shelves/${i}` },

  // Listeners and timers
  { name: 'listeners-wanted', snapshots: 3 },
  { name: 'listeners-removed', snapshots: 3, request: (i) => `/news/${i}` },
  { name: 'abort-listeners', snapshots: 3, duringLoad: true },
  { name: 'timeouts-cleared', snapshots: 3, request: (i) => `/find/${i}` },
  { name: 'debounce', snapshots: 3, request: (i) => `/doc-${i % 50}/${i}` },

  // Under way
  { name: 'in-flight', snapshots: 3, duringLoad: true, connections: 24 },
  { name: 'single-flight', snapshots: 2, duringLoad: true, request: (i) => `/stock/${i >> 1}` },
  { name: 'promise-batches', snapshots: 3, duringLoad: true, request: (i) => `/archive/${i}` },
  { name: 'gzip-streams', snapshots: 3, duringLoad: true, request: (i) => `/export/${i}.csv` },
  { name: 'async-context', snapshots: 3, duringLoad: true, request: (i) => `/orders/${i}` },
  { name: 'weak-cache', snapshots: 3, request: (i) => `/documents/${i}` },
  { name: 'sandboxes', snapshots: 2, request: (i) => `/formula/${i}` }
]

'use strict'

// `watch()` and the Monitor as users have them: one that can be mounted. The rooms monitor/ and http/ are joined here, so
// that the monitor need not know of the routes, which know of it.

const { Monitor } = require('./monitor/monitor')

/** An HTTP handler on this monitor, see `heapwarden/middleware`. Loaded by who mounts one. */
function middleware (options) {
  return require('./middleware')({ ...options, monitor: this })
}

// As a method of the class would be.
Object.defineProperty(Monitor.prototype, 'middleware', { configurable: true, writable: true, value: middleware })

/** Starts watching this thread's memory. @param {import('..').WatchOptions} [options] */
function watch (options) {
  return new Monitor(options)
}

module.exports = { Monitor, watch }

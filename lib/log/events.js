'use strict'

const { say } = require('./stderr')
const { printable } = require('../base/printable')

/** A monitor's events as one line each. */
const lines = {
  breach: ({ rule, value, sample }) => ({ text: `${rule} was breached at ${value} (rss ${sample?.rss}, heapUsed ${sample?.heapUsed})`, rule, value, rss: sample?.rss, heapUsed: sample?.heapUsed }),
  recovered: ({ rule, value }) => ({ text: `${rule} has recovered at ${value}`, rule, value }),
  snapshot: ({ path, form, bytes, trigger, pauseMs, reason }) => ({ text: `wrote ${path} (${form === 'image' ? 'heap image, ' : ''}${bytes} bytes, ${trigger}, JavaScript stood still for ${Math.round(pauseMs)} ms)${reason ? `; no snapshot: ${reason}` : ''}`, path, form, bytes, trigger, pauseMs, reason: reason ?? undefined }),
  snapshotFailed: ({ code, message, trigger }) => ({ text: `no snapshot (${trigger}): ${code}: ${message}`, code, message, trigger }),
  report: ({ headline, verdict, trigger, pauseMs, suspects: [first] }) => ({ text: `${headline} (${trigger})`, headline, verdict, trigger, pauseMs, fingerprint: first?.fingerprint }),
  reportFailed: ({ code, message, trigger }) => ({ text: `no report (${trigger}): ${code}: ${message}`, code, message, trigger }),
  nearHeapLimit: ({ limit, heapUsed }) => ({ text: `the heap limit of ${limit} bytes was reached, a dump was ordered`, limit, heapUsed }),
  warning: ({ code, message }) => ({ text: `${code}: ${message}`, code, message })
}

/**
 * Prints what a monitor says to stderr, as text or as JSON lines.
 * @param {import('../..').Monitor} monitor
 * @param {'text' | 'json'} form
 */
function logEvents (monitor, form) {
  for (const [event, describe] of Object.entries(lines)) {
    monitor.on(event, (payload) => {
      const { text, ...fields } = describe(payload)
      say(form === 'json'
        ? JSON.stringify({ time: new Date().toISOString(), name: 'heapwarden', pid: process.pid, event, ...fields })
        // A trigger comes by HTTP, a path from whoever named the folder.
        : `heapwarden[${process.pid}]: ${printable(text)}`)
    })
  }
}

module.exports = { logEvents }

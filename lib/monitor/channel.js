'use strict'

// The addon's events on their way to monitors and promises. One channel an environment (a thread): the addon
// wakes the loop, we take the events that wait and deliver them in order.

const native = require('../addon/native')
const { HeapwardenError, adopting } = require('../base/errors')
const { warnOnce } = require('../log/warn')
const { clearInterval, setInterval } = require('../base/timers')

/** monitor id → (event, ordered) => void. Strong on purpose: `watch()` without keeping the result goes on watching. */
const monitors = new Map()
/** capture or request id → { resolve, reject, monitor: id or 0 } */
const captures = new Map()
const requests = new Map()
/** Monitors whose stop() is under way. */
const stopping = new Set()

let attached = false
let pending = 0
let timer

/** Idempotent; called before anything that makes the addon send events. */
function attach () {
  if (attached) return
  adopting(() => native.attach(deliver))
  attached = true
}

/**
 * Keeps the loop alive until `promise` settles. What wakes the loop never does, so that a monitor does not hold up
 * the process; but somebody who awaits a snapshot must get it.
 */
function holdLoop (promise) {
  if (pending++ === 0) timer = setInterval(() => {}, 0x7fffffff)
  const release = () => {
    if (--pending === 0) clearInterval(timer)
  }
  promise.then(release, release)
  return promise
}

function promiseIn (table, id, monitor = 0) {
  return holdLoop(new Promise((resolve, reject) => table.set(id, { resolve, reject, monitor })))
}

/** Resolves with the SnapshotInfo of capture `id`, or with the report that was made of it. */
const captured = (id, monitor) => promiseIn(captures, id, monitor)
/** Resolves with the sample of request `id`. */
const sampled = (id, monitor) => promiseIn(requests, id, monitor)

/** What is said to those who waited for a monitor that was stopped. */
const stoppedError = () => new HeapwardenError('HEAPWARDEN_STOPPED', 'the monitor was stopped before this was done')

function take (table, id) {
  const waiting = table.get(id)
  table.delete(id)
  return waiting
}

/** JSON has no Infinity: `heapAge: null` means that V8 has not been asked yet. */
function reviveSample (sample) {
  if (sample && sample.heapAge === null) sample.heapAge = Infinity
  return sample
}

/** What is given up because of stop() was not aborted by its caller. */
const stopped = (id, { code }) => stopping.has(id) && code === 'HEAPWARDEN_ABORTED'

function route ({ monitor: id, capture, request, ...event }) {
  if (event.sample) reviveSample(event.sample)
  if (event.type === 'sampled') return take(requests, request)?.resolve(event.sample)

  let ordered
  if (event.type === 'snapshot') {
    ordered = take(captures, capture)
    ordered?.resolve(event.info)
  } else if (event.type === 'snapshotFailed') {
    ordered = take(captures, capture)
    ordered?.reject(stopped(id, event) ? stoppedError() : new HeapwardenError(event.code, event.message))
  } else if (event.type === 'report') {
    const { report, trigger, mode, pauseMs, durationMs } = event
    event.report = { ...JSON.parse(report), trigger, mode, pauseMs, durationMs }
    ordered = take(captures, capture)
    ordered?.resolve(event.report)
  } else if (event.type === 'reportFailed') {
    event.snapshot ??= undefined
    ordered = take(captures, capture)
    ordered?.reject(stopped(id, event) ? stoppedError() : Object.assign(new HeapwardenError(event.code, event.message), event.snapshot && { snapshot: event.snapshot }))
  }
  const listener = monitors.get(id)
  if (listener) {
    listener(event, ordered !== undefined)
  } else if (event.type === 'warning') {
    warnOnce(event.code, event.message)
  }
}

function deliver () {
  for (;;) {
    const json = native.drain()
    if (json === null) return
    const events = JSON.parse(json)
    if (events.length === 0) return
    for (const event of events) {
      try {
        route(event)
      } catch (error) {
        // A defect of ours; it must not cost the host the events behind it, nor its life.
        warnOnce('HEAPWARDEN_INTERNAL', `delivering '${event?.type}' failed: ${error?.stack}`)
      }
    }
  }
}

/** Delivers what is left of a monitor that has stopped, and fails whoever still waits for it. */
function retire (id) {
  deliver()
  monitors.delete(id)
  stopping.delete(id)
  for (const table of [captures, requests]) {
    for (const [key, waiting] of table) {
      if (waiting.monitor !== id) continue
      table.delete(key)
      waiting.reject(stoppedError())
    }
  }
}

module.exports = { attach, captured, holdLoop, monitors, retire, reviveSample, sampled, stopping }

'use strict'

// `freezeOn: ['SIGTERM']`: an image before the signal takes its course. The addon does it, beside the listeners of the process and
// not as one of them; here is said why it cannot, and the addon hears that the process listens.

const { isMainThread } = require('node:worker_threads')
const native = require('../addon/native')
const { capabilitiesWith } = require('./capabilities')
const { warnOnce } = require('../log/warn')

/** Why there would be none, in words; undefined: nothing is in the way. */
function refusal (snapshots) {
  if (!isMainThread) return 'signals reach the main thread only; watch there to use it'
  if (snapshots.form === 'snapshot') return "form is 'snapshot', and in the time that is left only an image can be written"
  const { available, reason } = capabilitiesWith(snapshots).snapshots.image
  return available ? undefined : `no image can be had here: ${reason}`
}

/**
 * The signals at which an image is left. That there will be none is told once.
 * @param {{ freezeOn: string[], snapshots: object }} options of a watch, checked
 */
function signalsOf ({ freezeOn, snapshots }) {
  const why = freezeOn.length > 0 ? refusal(snapshots) : undefined
  if (why === undefined) return freezeOn
  warnOnce('HEAPWARDEN_UNSUPPORTED', `freezeOn: ${freezeOn.join(', ')}: ${why}`)
  return []
}

/** What each monitor of this thread waits for. */
const waiting = new Set()

const look = (name) => {
  for (const signals of waiting) if (signals.includes(name)) return native.lookAtSignals()
}

/**
 * Node changes what a signal does when the first listener comes and when the last one goes; its own listener for that was there
 * before this one, and so was called first.
 * @param {string[]} signals
 * @returns {() => void} no longer
 */
function whileListened (signals) {
  if (signals.length === 0) return () => {}
  if (waiting.size === 0) process.on('newListener', look).on('removeListener', look)
  const ours = [...signals]
  waiting.add(ours)
  return () => {
    if (waiting.delete(ours) && waiting.size === 0) process.off('newListener', look).off('removeListener', look)
  }
}

module.exports = { signalsOf, whileListened }

'use strict'

// `signal: 'SIGUSR2'`: a snapshot when the operator asks for one.

const { isMainThread } = require('node:worker_threads')
const { warnOnce } = require('./warn')

/**
 * Calls `take` at each `name`. Node does not keep a process alive for a signal listener.
 * @returns {() => void} stops listening
 */
function onSignal (name, take) {
  if (!isMainThread) {
    warnOnce('HEAPWARDEN_UNSUPPORTED', `signal: ${name} reaches the main thread only; watch there to use it`)
    return () => {}
  }
  try {
    process.on(name, take)
  } catch (error) {
    warnOnce('HEAPWARDEN_UNSUPPORTED', `signal: ${name} cannot be listened to here: ${error.message}`)
    return () => {}
  }
  return () => process.removeListener(name, take)
}

module.exports = { onSignal }

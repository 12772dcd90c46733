'use strict'

// `signal: 'SIGUSR2'`: a snapshot when the operator asks for one.

const fs = require('node:fs')
const { isMainThread } = require('node:worker_threads')
const { warnOnce } = require('../log/warn')

/** Whether nodemon started this process. It restarts a program by SIGUSR2, and waits for the end that a listener prevents. */
function underNodemon () {
  try {
    return /(^|[/\0])nodemon(\.js)?\0/.test(fs.readFileSync(`/proc/${process.ppid}/cmdline`, 'latin1'))
  } catch {
    return /\bnodemon\b/.test(process.env.npm_lifecycle_script ?? '')
  }
}

/**
 * Calls `take` at each `name`. Node does not keep a process alive for a signal listener.
 * @returns {() => void} stops listening
 */
function onSignal (name, take) {
  if (!isMainThread) {
    warnOnce('HEAPWARDEN_UNSUPPORTED', `signal: ${name} reaches the main thread only; watch there to use it`)
    return () => {}
  }
  if (name === 'SIGUSR2' && underNodemon()) {
    warnOnce('HEAPWARDEN_UNSUPPORTED', 'signal: nodemon restarts a program by SIGUSR2 and now gets a snapshot instead; choose another one for either (nodemon --signal SIGTERM)')
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

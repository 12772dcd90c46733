'use strict'

const { warnOnce } = require('../log/warn')
const { clearInterval, setInterval } = require('../base/timers')

/** At most ten times a second: for eyes. */
const PERIOD_MS = 100

/** A listener whose exception stays with us: it would otherwise end the host, or the analysis. */
function shielded (onProgress) {
  const complain = (error) => {
    warnOnce('HEAPWARDEN_LISTENER_FAILED', `onProgress threw: ${error?.stack ?? error}`, `onProgress ${error?.message ?? error}`)
  }
  return (progress) => {
    try {
      const result = onProgress(progress)
      if (typeof result?.then === 'function') result.then(undefined, complain)
    } catch (error) {
      complain(error)
    }
  }
}

/** Tells `onProgress` what `look()` shows, when it has changed, until the returned function is called. */
function follow (onProgress, look) {
  let last
  const tell = () => {
    const progress = look()
    const text = JSON.stringify(progress)
    if (text === last || progress.stage === 'waiting') return
    last = text
    onProgress(progress)
  }
  const timer = setInterval(tell, PERIOD_MS)
  // Not it, but the analysis keeps the process.
  timer.unref()
  return () => clearInterval(timer)
}

module.exports = { follow, shielded }

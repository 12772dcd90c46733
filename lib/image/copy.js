'use strict'

// One copy of a frozen process, as the addon has it: what it is told, how far it is, its end.

const native = require('../addon/native')
const { HeapwardenError, adopt } = require('../base/errors')
const { clearInterval, setInterval } = require('../base/timers')
const { aborted } = require('./failure')
const { warnOnce } = require('../log/warn')

/** At most ten times a second: for eyes. */
const PERIOD_MS = 100

/** Tells `onProgress` what has changed, until the returned function is called. */
function follow (onProgress, look) {
  let last = null
  const timer = setInterval(() => {
    const progress = look()
    if (progress === null || progress === last) return
    last = progress
    try {
      onProgress(JSON.parse(progress))
    } catch (error) {
      warnOnce('HEAPWARDEN_LISTENER_FAILED', `onProgress threw: ${error?.stack ?? error}`, `onProgress ${error?.message ?? error}`)
    }
  }, PERIOD_MS)
  timer.unref()
  return () => clearInterval(timer)
}

async function answerOf (promise) {
  const { value, failure } = JSON.parse(await promise)
  if (failure) throw new HeapwardenError(failure.code, failure.message)
  return value
}

/**
 * Has `work` use a copy of what is frozen in `image`; the copy ends with it.
 *
 * @template T
 * @param {object} options checked; what else there is of them is the addon's
 * @param {(copy: { snapshot: () => Promise<object>, bring: (folder: string) => Promise<string[]>, ask: (question: object) => Promise<object> }) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withCopy (image, { signal, onProgress, timeout, ...options }, work) {
  if (signal?.aborted) throw aborted(signal)
  let thawing
  let unfollow = () => {}
  const cancel = () => thawing.cancel()
  try {
    thawing = native.thawing(JSON.stringify({ ...options, image, timeoutMs: timeout }))
    if (onProgress) unfollow = follow(onProgress, () => thawing.progress())
    signal?.addEventListener('abort', cancel, { once: true })
    return await work({
      snapshot: () => answerOf(thawing.snapshot()),
      bring: (folder) => answerOf(thawing.bring(folder)),
      ask: (question) => answerOf(thawing.ask(JSON.stringify({ work: 'ask', ...question })))
    })
  } catch (error) {
    throw signal?.aborted && error.code === 'HEAPWARDEN_ABORTED' ? aborted(signal) : adopt(error)
  } finally {
    unfollow()
    signal?.removeEventListener('abort', cancel)
    thawing?.end()
  }
}

module.exports = { withCopy }

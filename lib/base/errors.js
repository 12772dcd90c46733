'use strict'

/** Every code an error of ours can carry. Users match `err.code`; messages may change. */
const codes = Object.freeze([
  'HEAPWARDEN_INVALID_OPTION',
  'HEAPWARDEN_UNSUPPORTED',
  'HEAPWARDEN_CAPTURE_FAILED',
  'HEAPWARDEN_MEMORY_BUDGET',
  'HEAPWARDEN_NO_SPACE',
  'HEAPWARDEN_TIMEOUT',
  'HEAPWARDEN_ABORTED',
  'HEAPWARDEN_CORRUPT_SNAPSHOT',
  'HEAPWARDEN_ANALYSIS_FAILED',
  'HEAPWARDEN_NOT_FOUND',
  'HEAPWARDEN_UNAUTHORIZED',
  'HEAPWARDEN_STOPPED',
  'HEAPWARDEN_INTERNAL'
])

/** The one error class of the package. */
class HeapwardenError extends Error {
  /**
   * @param {string} code one of `codes`
   * @param {string} message what happened, with which value, and what to do
   * @param {{ cause?: unknown }} [options]
   */
  constructor (code, message, options) {
    super(message, options)
    this.code = code
  }
}
// On the prototype, so that it is not printed as an own property of every error.
Object.defineProperty(HeapwardenError.prototype, 'name', {
  value: 'HeapwardenError', writable: true, configurable: true
})

/**
 * An error of the addon as a HeapwardenError; anything else (a defect, a system error) as it is.
 * The addon throws plain Errors that carry a code, because napi cannot construct our class.
 */
function adopt (error) {
  if (error instanceof HeapwardenError || !codes.includes(error?.code)) return error
  return new HeapwardenError(error.code, error.message, { cause: error })
}

/** Calls `work`; what the addon throws comes out as a HeapwardenError. */
function adopting (work) {
  try {
    return work()
  } catch (error) {
    throw adopt(error)
  }
}

module.exports = { HeapwardenError, adopt, adopting, codes }

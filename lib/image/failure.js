'use strict'

// What the system says of a file, and an AbortSignal, as errors of ours.

const { HeapwardenError } = require('../base/errors')

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']

const aborted = (signal) => new HeapwardenError('HEAPWARDEN_ABORTED', 'it was aborted by its AbortSignal', { cause: signal.reason })

/** Of what failed while `doing` something with `file`; what is ours stays as it is. */
function failure (error, doing, file, signal) {
  if (signal?.aborted) return aborted(signal)
  if (error instanceof HeapwardenError || typeof error?.code !== 'string') return error
  const code = FULL.includes(error.code) ? 'HEAPWARDEN_NO_SPACE' : error.code === 'ENOENT' ? 'HEAPWARDEN_NOT_FOUND' : 'HEAPWARDEN_CAPTURE_FAILED'
  return new HeapwardenError(code, `cannot ${doing} ${file}: ${error.message}`, { cause: error })
}

module.exports = { aborted, failure }

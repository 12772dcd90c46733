'use strict'

// An analysis on a thread of this process.

const native = require('../addon/native')
const { adopting } = require('../base/errors')
const { follow } = require('./progress')

/**
 * @param {object} request what src/analysis/request.rs reads
 * @param {{ signal?: AbortSignal, onProgress?: Function }} [also]
 */
async function inThread (request, { signal, onProgress } = {}) {
  const analysis = adopting(() => native.analyze(request))
  const cancel = () => analysis.cancel()
  const unfollow = onProgress ? follow(onProgress, analysis.progress) : () => {}
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await analysis.result
  } finally {
    unfollow()
    signal?.removeEventListener('abort', cancel)
  }
}

module.exports = { inThread }

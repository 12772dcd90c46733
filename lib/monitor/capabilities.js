'use strict'

// What works in this process with the options of one watch: they may say that there are to be no heap images.

const native = require('../addon/native')
const { noImages } = require('../options/no-images')

/** `heapwarden.capabilities`, for snapshots with these options, which are checked. */
function capabilitiesWith (options) {
  const all = JSON.parse(native.capabilities())
  // One without the contents of Buffers is one.
  const none = options.form === 'snapshot' ? "form: 'snapshot'" : noImages(options, { buffers: false })
  if (none) all.snapshots.image = { available: false, reason: `there are to be no images: ${none}` }
  return all
}

module.exports = { capabilitiesWith }

'use strict'

// Whether somebody has said that there are to be no heap images, here or in the environment.

const { yesOrNo } = require('../base/yes-or-no')

/** Whether a variable says no, or what nobody understands: that may mean no, as in src/capture/images.rs. */
const saysNo = (word) => Boolean(word) && yesOrNo(word) !== true

/** Whether no image of this process is to have what is in Buffers, whatever its options say. */
const noBuffers = () => saysNo(process.env.HEAPWARDEN_IMAGES_BUFFERS)

/**
 * Why there are to be none, in words; undefined: nobody said so.
 * @param {{ images?: boolean | { buffers?: boolean }, redact?: boolean }} options checked options of a snapshot or a watch
 * @param {{ buffers?: boolean | null }} [info] the image that is asked for
 */
function noImages ({ images, redact }, info) {
  const { HEAPWARDEN_IMAGES: word, HEAPWARDEN_IMAGES_BUFFERS: buffers, HEAPWARDEN_REDACT: masked } = process.env
  if (images === false) return 'images: false'
  if (images?.buffers === false && info?.buffers !== false) return 'images: { buffers: false }, and it has what was in Buffers'
  if (redact) return 'redact: true, and nothing is masked in it'
  if (saysNo(word)) return `HEAPWARDEN_IMAGES=${word}`
  if (noBuffers() && info?.buffers !== false) return `HEAPWARDEN_IMAGES_BUFFERS=${buffers}, and it has what was in Buffers`
  if (masked && yesOrNo(masked) !== false) return `HEAPWARDEN_REDACT=${masked}, and nothing is masked in it`
}

module.exports = { noBuffers, noImages }

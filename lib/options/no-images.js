'use strict'

// Whether somebody has said that there are to be no heap images, here or in the environment.

const { yesOrNo } = require('../base/yes-or-no')

/**
 * Why there are to be none, in words; undefined: nobody said so. A word that nobody understands may mean no, as in
 * src/capture/images.rs.
 * @param {{ images?: boolean | { buffers?: boolean }, redact?: boolean }} options checked options of a snapshot or a watch
 * @param {{ buffers?: boolean | null }} [info] the image that is asked for
 */
function noImages ({ images, redact }, info) {
  const { HEAPWARDEN_IMAGES: word, HEAPWARDEN_IMAGES_BUFFERS: buffers, HEAPWARDEN_REDACT: masked } = process.env
  if (images === false) return 'images: false'
  if (images?.buffers === false && info?.buffers !== false) return 'images: { buffers: false }, and it has what was in Buffers'
  if (redact) return 'redact: true, and nothing is masked in it'
  if (word && yesOrNo(word) !== true) return `HEAPWARDEN_IMAGES=${word}`
  if (buffers && yesOrNo(buffers) !== true && info?.buffers !== false) return `HEAPWARDEN_IMAGES_BUFFERS=${buffers}, and it has what was in Buffers`
  if (masked && yesOrNo(masked) !== false) return `HEAPWARDEN_REDACT=${masked}, and nothing is masked in it`
}

module.exports = { noImages }

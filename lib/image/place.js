'use strict'

// What a path leads to: an image, a folder whose newest one counts, or a bundle, which is unpacked for the time of the work.

const path = require('node:path')
const native = require('../addon/native')
const { adopt } = require('../base/errors')
const { isBundle, unpack } = require('./bundle')
const { ownFolder } = require('./temporary')

/**
 * Has `work` use the image that `place` leads to: `work(image, folder)`, `folder` being where somebody would look for what is
 * made of it.
 * @template T
 * @param {(image: string, folder: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withImage (place, work, { signal } = {}) {
  if (await isBundle(place)) {
    const folder = ownFolder(path.dirname(place))
    try {
      const image = await unpack(place, folder.path, signal)
      return await work(image, path.dirname(place))
    } finally {
      folder.remove()
    }
  }
  const image = await find(place, true)
  return work(image, path.dirname(image))
}

/** The image that is meant, or null; with `needed` its lack is an error. */
async function find (place, needed) {
  try {
    return await native.imageAt(place, needed)
  } catch (error) {
    throw adopt(error)
  }
}

/** Whether what is to be read is no snapshot but has to be thawed first. Never an error: who reads it says what is wrong. */
async function isImage (place) {
  try {
    return await isBundle(place) || await native.imageAt(place, false) !== null
  } catch (error) {
    if (error.code === 'HEAPWARDEN_UNSUPPORTED') throw adopt(error)
    return false
  }
}

module.exports = { find, isImage, withImage }

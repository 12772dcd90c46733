'use strict'

// What an image takes with it when it is given out from where it lies: the executable and the libraries of its process.

const path = require('node:path')
const native = require('../addon/native')
const { nameOf } = require('./bundle')
const { withCopy } = require('./copy')
const { ownFolder } = require('./temporary')

/** Of the files that an image needs those that lie beside it, packed and whole; `complete`: these are all. */
async function stored (image) {
  // One that cannot say what it needs is given out all the same.
  const { needs, stored: ids } = await native.imageNeeds(image).catch(() => ({ needs: [], stored: [] }))
  const objects = [...new Set(ids)].map((id) => path.join(path.dirname(image), 'objects', `${id}.zst`))
  return { objects, complete: objects.length > 0 && objects.length === new Set(needs).size }
}

/**
 * What a bundle of `image` holds, for `bundle.js`. Where not all of it lies beside the image, and with `bring`, the rest is packed
 * for as long as it is needed; where that fails, what is there has to do: a thaw says what else it needs.
 *
 * @param {{ bring?: boolean, minFreeDisk?: number, signal?: AbortSignal, inTurn?: (work: () => Promise<any>) => Promise<any> }} [options]
 *   packing takes memory: `inTurn` does it when nobody else's is under way; and room: `minFreeDisk` bytes stay free
 * @returns {Promise<{ files: { name: string, path: string }[], complete: boolean, remove: () => void }>}
 */
async function baggage (image, { bring = false, minFreeDisk, signal, inTurn = (work) => work() } = {}) {
  let { objects, complete } = await stored(image)
  let own
  if (!complete && bring) {
    await inTurn(async () => {
      own = ownFolder(path.dirname(image))
      try {
        objects = await withCopy(image, { beside: true, minFreeDisk, signal }, (copy) => copy.bring(own.path))
        complete = true
      } catch (error) {
        own.remove()
        if (signal?.aborted) throw error
      }
    })
  }
  const files = [{ name: nameOf(image), path: image }, ...objects.map((one) => ({ name: `objects/${path.basename(one)}`, path: one }))]
  return { files, complete, remove: () => own?.remove() }
}

module.exports = { baggage }

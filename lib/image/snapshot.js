'use strict'

// The snapshot in an image, for who reads snapshots: thawed into a temporary file beside it, which is gone when it was read.

const fs = require('node:fs')
const path = require('node:path')
const { checkThaw } = require('./options')
const { thawed } = require('./index')
const { isImage } = require('./place')
const { ownFolder } = require('./temporary')

/**
 * What to read instead of `place`: itself, if it leads to no image; else the snapshot that is in it, by a descriptor of this
 * process, for its file has no name any more. `close` it.
 *
 * @param {{ signal?: AbortSignal, onProgress?: Function, told?: (place: string) => void }} [options] `told` hears that it has to
 *   be thawed; more of them are those of a thaw
 * @returns {Promise<{ path: string, close: () => void }>}
 */
async function readable (place, { told, ...options } = {}) {
  if (!await isImage(place)) return { path: place, close () {} }
  told?.(place)
  const folder = ownFolder(fs.statSync(place).isDirectory() ? place : path.dirname(place))
  try {
    const { path: file } = await thawed(place, { ...checkThaw({ path: path.join(folder.path, 'thawed.heapsnapshot.zst') }), ...options })
    const descriptor = fs.openSync(file)
    return { path: `/proc/${process.pid}/fd/${descriptor}`, close: () => fs.closeSync(descriptor) }
  } finally {
    folder.remove()
  }
}

/** How much of the time each stage takes, roughly. */
const PARTS = { loading: [0, 30], working: [30, 70] }

/** Thawing as one stage of what `onProgress` hears, in hundredths. */
const stageOf = (onProgress, file, files) => onProgress && (({ stage, done, total }) => {
  const [from, share] = PARTS[stage]
  onProgress({ stage: 'thawing', done: Math.floor(from + (total > 0 ? Math.min(1, done / total) * share : 0)), total: 100, file, files })
})

/** Has `work` read what is at `places`, in their order; what it fails with speaks of them. */
async function withReadable (places, work, { onProgress, ...options } = {}) {
  const all = []
  try {
    for (const [index, place] of places.entries()) {
      const progress = stageOf(onProgress, index + 1, places.length)
      all.push(place === '-' ? { path: place, close () {} } : await readable(place, { ...options, onProgress: progress }))
    }
    return await work(all.map((one) => one.path))
  } catch (error) {
    for (const [index, { path: file }] of all.entries()) {
      if (file !== places[index]) error.message = error.message.replaceAll(file, places[index])
    }
    throw error
  } finally {
    for (const one of all) one.close()
  }
}

module.exports = { readable, withReadable }

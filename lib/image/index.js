'use strict'

// A heap image: thawed into a snapshot, and asked. The work is done in processes and on threads of their own.

const { basename, dirname, join } = require('node:path')
const { nameOf, pack } = require('./bundle')
const { withCopy } = require('./copy')
const { checkAsk, checkCode, checkThaw, imagePath } = require('./options')
const { withImage } = require('./place')
const { ownFolder } = require('./temporary')

/** V8's snapshot of what is frozen in an image. */
async function thaw (path, options) {
  const checked = checkThaw(options)
  return thawed(imagePath(path, 'path'), checked)
}

/** The same; options and path are checked. */
function thawed (path, options) {
  return withImage(path, (image, folder) => {
    // Of a bundle the image lies in a folder that goes.
    const place = options.dir === undefined && options.path === undefined ? { dir: folder } : {}
    return withCopy(image, { ...options, ...place }, (copy) => copy.snapshot())
  }, options)
}

/** What code comes to in the frozen process, as text. An exception is an answer as well: `Uncaught …`. */
async function ask (path, code, options) {
  const question = checkCode(code)
  const checked = checkAsk(options)
  return withImage(imagePath(path, 'path'), async (image) => (await answer(image, question, checked)).text, checked)
}

/** `{exception, text}`; of an image, with checked options, by a fresh copy. */
function answer (image, code, { id, className, most, ...options }) {
  return withCopy(image, options, (copy) => copy.ask({ code, id, className, most }))
}

/**
 * An image and the executable and libraries it needs as one file, which travels. Path and options are checked.
 * @returns {Promise<{ path: string, bytes: number, objects: number }>}
 */
function bundled (path, { output, ...options }) {
  return withImage(path, async (image, folder) => {
    const name = nameOf(image)
    const to = output ?? join(folder, `${name.slice(0, -'.heapimage.zst'.length)}.heapbundle.tar`)
    const own = ownFolder(dirname(to))
    try {
      const objects = await withCopy(image, options, (copy) => copy.bring(own.path))
      const files = [[name, image], ...objects.map((one) => [`objects/${basename(one)}`, one])]
      const bytes = await pack(files.map(([name, file]) => ({ name, path: file })), to, options.signal)
      return { path: to, bytes, objects: objects.length }
    } finally {
      own.remove()
    }
  }, options)
}

/** Questions to one copy, for as long as it lives; a question that has ended it gets the next one a new copy. */
function conversation (image, { id, className, most, ...options }) {
  let ending = () => {}
  let current
  let stop
  let told
  const begin = () => {
    let begun
    stop = new AbortController()
    const onProgress = (progress) => told?.(progress)
    const ready = new Promise((resolve) => { begun = resolve })
    const ended = withCopy(image, { ...options, signal: stop.signal, onProgress }, (copy) => {
      begun(copy)
      return new Promise((resolve) => { ending = resolve })
    })
    ended.catch(() => {}) // who asks hears of it
    return Promise.race([ready, ended])
  }
  return {
    /** An abort ends the copy as well. */
    async ask (code, { signal, onProgress } = {}) {
      current ??= begin()
      told = onProgress
      const cancel = () => stop.abort(signal.reason)
      signal?.addEventListener('abort', cancel, { once: true })
      try {
        return await (await current).ask({ code, id, className, most })
      } catch (error) {
        ending()
        current = undefined
        throw error
      } finally {
        signal?.removeEventListener('abort', cancel)
        told = undefined
      }
    },
    end: () => ending()
  }
}

module.exports = { answer, ask, bundled, conversation, thaw, thawed }

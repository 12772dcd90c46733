'use strict'

// What one mounted middleware works on: a monitor or a folder, and the order under way.

const path = require('node:path')
const snapshots = require('../monitor/snapshots')
const { Monitor } = require('../monitor/monitor')
const { checkSnapshot } = require('../options/check')
const { noImages } = require('../options/no-images')
const { Refusal } = require('./reply')

const nameOf = (info) => path.basename(info.path)
const missing = () => new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'there is no snapshot of this name')
/** A snapshot as it is told of: under its name in the URL. */
const named = (info) => ({ name: nameOf(info), ...info })

/** @param {{ monitor?: import('../..').Monitor, dir?: string }} options */
function mount ({ monitor, dir }) {
  let running // shared by everybody who orders meanwhile

  const list = () => monitor && dir === undefined ? monitor.snapshots() : snapshots.list(dir)

  async function find (name) {
    // Looked up in the listing and never joined to a folder: there is no path to traverse.
    const info = (await list()).find((one) => nameOf(one) === name)
    if (!info) throw missing()
    return info
  }

  async function remove (name) {
    const { path: file } = await find(name)
    await snapshots.remove(file).catch((error) => {
      throw error.code === 'HEAPWARDEN_NOT_FOUND' ? missing() : error
    })
  }

  function ofMonitor (what) {
    if (!monitor) throw new Refusal(404, 'HEAPWARDEN_NOT_FOUND', 'no monitor was given to this middleware')
    return what(monitor)
  }

  function order (trigger) {
    if (running) return { shared: true, done: running }
    const place = dir === undefined ? {} : { dir }
    running = monitor ? monitor.snapshot({ ...place, trigger }) : snapshots.order(checkSnapshot({ ...place, trigger }))
    const over = () => { running = undefined }
    running.then(over, over)
    return { shared: false, done: running }
  }

  /** What is given out, `info` here, follows what is taken. */
  function snapshotOptions (info) {
    const options = monitor === undefined ? {} : Monitor.snapshotOptions(monitor)
    const { numericValues, minFreeDisk } = options
    return { imagesOff: noImages(options, info), thawing: { numericValues, minFreeDisk } }
  }

  return { monitor, list, find, remove, ofMonitor, order, snapshotOptions, isRunning: () => running !== undefined }
}

module.exports = { mount, named }

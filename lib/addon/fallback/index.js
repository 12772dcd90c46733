'use strict'

// heapwarden without its binary: the same functions as lib/addon/native.js gives to the rest of lib/, in JavaScript. Timers of
// the loop sample, node:v8 takes the snapshots. What needs the addon is an error with the code HEAPWARDEN_UNSUPPORTED.

const path = require('node:path')
const { version } = require('../../../package.json')
const { HeapwardenError } = require('../../base/errors')
const { actions } = require('./actions')
const cgroup = require('./cgroup')
const folder = require('./folder')
const { kinds } = require('./metrics')
const reader = require('./reader')
const store = require('./store')
const units = require('./units')
const { setImmediate } = require('../../base/timers')

const unthawed = 'a heap image is thawed on Linux x64: docker run --rm --platform linux/amd64 -v "$PWD:/work" -w /work node:22 ' +
  'npx heapwarden thaw IMAGE does it in the folder that holds the image and its objects.'

const unavailable = (reason) => ({ available: false, reason })

/** What works, in the form of src/node/capabilities.rs. */
function capabilities (why) {
  const group = cgroup.read()
  const without = (what) => unavailable(`${what} needs heapwarden's binary: ${why}`)
  return {
    v8: unavailable(why),
    snapshots: {
      inline: without('a snapshot that is compressed while V8 writes it'),
      portable: { available: true },
      fork: without('a snapshot by a forked child'),
      image: without('an image')
    },
    ownThread: without('sampling while the event loop is blocked'),
    whileBlocked: without('reading V8 and taking snapshots while the event loop is blocked'),
    synchronous: without('a synchronous snapshot'),
    gcEvents: without('hearing of collections'),
    liveHeap: without('the live heap after a full collection'),
    redact: without('masking strings'),
    analysis: without('summarize, compare, findPaths and findSuspects'),
    zstd: reader.zstd ? { available: true } : unavailable('node:zlib has it from Node.js 22.15 on'),
    cgroup: group ? { available: true, version: group.version, limited: group.limit !== null } : unavailable('no memory cgroup is visible from this process'),
    pressure: cgroup.pressure(group) ? { available: true } : unavailable('the kernel tells no memory pressure (PSI)'),
    allocator: without("the C allocator's own account")
  }
}

/**
 * @param {string} why the binary is not used, in words
 * @param {{ diagnosticDir: () => string | undefined }} node what Node was told
 */
function create (why, node) {
  const events = []
  const watchers = new Map()
  let captures
  let deliver
  let ringing = false
  let nextMonitor = 1
  let nextRequest = 1

  function tell (event) {
    events.push(event)
    if (ringing || !deliver) return
    ringing = true
    setImmediate(() => {
      ringing = false
      deliver()
    })
  }

  function watcher (id) {
    const one = watchers.get(id)
    if (!one) throw new HeapwardenError('HEAPWARDEN_STOPPED', 'this monitor was stopped')
    return one
  }

  return {
    version,
    ...units,
    metrics: () => JSON.stringify(Object.entries(kinds).map(([name, kind]) => ({ name, kind }))),
    actions: () => JSON.stringify(Object.keys(actions)),
    analyze () {
      throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `an analysis needs heapwarden's binary: ${why}. Take the file to a machine that has one`)
    },
    attach (onEvents) {
      deliver = onEvents
      const { Captures } = require('./captures')
      captures = new Captures({ tell, diagnosticDir: node.diagnosticDir() })
      return false
    },
    thawing () {
      throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `${unthawed} The binary of heapwarden: ${why}`)
    },
    async imageAt (place, needed) {
      const image = /\.heapimage\.zst$/.test(place)
      if (image || needed) throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `${unthawed} The binary of heapwarden: ${why}`)
      return null
    },
    async imageNeeds () {
      throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `${unthawed} The binary of heapwarden: ${why}`)
    },
    home: () => '',
    sweepReaders () {},
    drain: () => events.length > 0 ? JSON.stringify(events.splice(0)) : null,
    openSnapshot: reader.openSnapshot,
    capabilities: () => JSON.stringify(capabilities(why)),
    monitorStart (json) {
      const { Watcher } = require('./sampler')
      const id = nextMonitor++
      const settings = JSON.parse(json)
      const { dir, path: file } = settings.snapshots ?? {}
      // What cannot be tidied up is no reason not to watch.
      store.clean(file === undefined ? folder.resolve(dir, node.diagnosticDir()) : path.dirname(file)).catch(() => {})
      watchers.set(id, new Watcher(id, settings, { tell, why, order: (options, monitor) => captures.order(options, monitor) }))
      return id
    },
    monitorUpdate: (id, json) => watcher(id).update(JSON.parse(json)),
    async monitorStop (id) {
      watchers.get(id)?.stop()
      watchers.delete(id)
    },
    monitorLatest: (id) => JSON.stringify(watcher(id).latest),
    monitorHistory: (id) => JSON.stringify(watcher(id).history),
    monitorRules: (id) => JSON.stringify(watcher(id).rules),
    monitorSample (id) {
      const request = nextRequest++
      watcher(id).request(request)
      return request
    },
    listen: (id, sample) => watcher(id).listen(sample),
    capture: (json, monitor = 0) => captures.order(JSON.parse(json), monitor),
    report () {
      throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `a report needs heapwarden's binary: ${why}`)
    },
    captureSync () {
      throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `a synchronous snapshot needs heapwarden's binary: ${why}`)
    },
    cancel: (capture) => captures.cancel(capture),
    snapshotDir: () => folder.resolve('', node.diagnosticDir()),
    list: async (dir) => JSON.stringify(await store.list(dir)),
    remove: store.remove
  }
}

module.exports = { create }

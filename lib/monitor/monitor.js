'use strict'

// The class Monitor: one watch, as its listeners and callers see it. What it does to the host is bounded here: no listener's
// exception leaves it, and `error` is never raised.

const { EventEmitter } = require('node:events')
const path = require('node:path')
const native = require('../addon/native')
const { capabilitiesWith } = require('./capabilities')
const channel = require('./channel')
const { HeapwardenError, adopt, adopting } = require('../base/errors')
const { checkReport, checkSnapshot, checkUpdate, checkWatch, mergeSnapshots, watchJson } = require('../options/check')
const { signalsOf, whileListened } = require('./freeze-on')
const { onSignal } = require('./signal')
const snapshots = require('./snapshots')
const { warnOnce } = require('../log/warn')
const { clearInterval, setInterval } = require('../base/timers')

// What listeners get of an event of the addon, where it is not the whole event.
const payload = {
  sample: ({ sample, dropped }) => [sample, { dropped }],
  snapshot: ({ info }) => [info],
  report: ({ report }) => [report]
}

/** What is told to the operator where nobody listens, and how it begins. */
const unheard = { warning: '', snapshotFailed: 'a snapshot failed: ', reportFailed: 'a report failed: ' }

/** Reports that a monitor keeps: each is some KB. */
const REPORTS = 10

class Monitor extends EventEmitter {
  #id
  #options
  #heard = { sample: false, gc: false }
  #stopped // the promise of stop()
  #reports = [] // the last ones, oldest first; as texts, since a report of a heap with ten of them in it would speak of those
  #last // what latest, history() and rules() say once it is over
  #unlisten = () => {}
  #unfreeze = () => {}

  /** @param {import('../..').WatchOptions} [options] */
  constructor (options) {
    super()
    this.#options = checkWatch(options)
    channel.attach()
    const freezeOn = signalsOf(this.#options)
    this.#id = adopting(() => native.monitorStart(JSON.stringify(watchJson({ ...this.#options, freezeOn }))))
    channel.monitors.set(this.#id, (event, ordered) => this.#deliver(event, ordered))
    this.#unfreeze = whileListened(freezeOn)
    this.#listenToSignal()
    if (native.lacksThread?.()) this.#sampleHere()
  }

  /** Whether stop() was called. */
  static hasStopped (monitor) {
    return #stopped in monitor && monitor.#stopped !== undefined
  }

  /** How `monitor` makes snapshots, checked; none of a copy of this package that is not this one, whose options are its own. */
  static snapshotOptions (monitor) {
    return #options in monitor ? monitor.#options.snapshots : {}
  }

  /** What works with this monitor's options. */
  get capabilities () {
    return capabilitiesWith(this.#options.snapshots)
  }

  /** The freshest sample; null until there is one. */
  get latest () {
    return this.#read('latest')
  }

  /** The samples kept, oldest first. */
  history () {
    return this.#read('history')
  }

  /** The rules, each with what it has come to. */
  rules () {
    const states = new Map(this.#read('rules').map((state) => [state.name, state]))
    return this.#options.rules.map((rule) => ({ ...rule, ...states.get(rule.name) }))
  }

  /** A sample taken now. */
  async sample () {
    this.#refuseIfStopped('sample()')
    return channel.sampled(adopting(() => native.monitorSample(this.#id)), this.#id)
  }

  /** Orders a snapshot; if one is under way, its result. */
  async snapshot (options) {
    this.#refuseIfStopped('snapshot()')
    const base = { trigger: 'manual', ...this.#options.snapshots }
    return snapshots.order(mergeSnapshots(base, checkSnapshot(options)), this.#id)
  }

  /** The snapshots in this monitor's folder, newest first. */
  async snapshots () {
    this.#refuseIfStopped('snapshots()')
    const { dir, path: file } = this.#options.snapshots
    return snapshots.list(file === undefined ? dir : path.dirname(file))
  }

  /** Captures the heap and says what holds it, and since the last report what grows; leaves no file. */
  async report (options) {
    this.#refuseIfStopped('report()')
    const base = { trigger: 'manual', ...this.#options.snapshots }
    return snapshots.orderReport(mergeSnapshots(base, checkReport(options)), this.#id)
  }

  /** The last reports, oldest first. */
  reports () {
    return this.#reports.map((json) => JSON.parse(json))
  }

  /** Changes what is given and nothing else; rules are replaced as a whole, snapshot options one by one. */
  update (options) {
    this.#refuseIfStopped('update()')
    const change = checkUpdate(options)
    if (change.snapshots) change.snapshots = mergeSnapshots(this.#options.snapshots, change.snapshots)
    const all = { ...this.#options, ...change }
    const freezeOn = change.freezeOn || change.snapshots ? signalsOf(all) : undefined
    adopting(() => native.monitorUpdate(this.#id, JSON.stringify(watchJson({ ...change, freezeOn }))))
    this.#options = all
    if (freezeOn) {
      this.#unfreeze()
      this.#unfreeze = whileListened(freezeOn)
    }
    if (change.signal !== undefined) this.#listenToSignal()
  }

  /** Ends the watch; whoever still waits for it is told HEAPWARDEN_STOPPED. The second call is the first one's promise. */
  stop () {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  // Takes one event of the addon to the listeners. `ordered`: a promise has told the caller already.
  #deliver ({ type, ...event }, ordered) {
    if (type === 'report') {
      const json = JSON.stringify(event.report)
      // One that was ordered twice, by callers or by a breach that lasts, was told.
      if (event.shared && this.#reports.at(-1) === json) return
      this.#reports = [...this.#reports.slice(1 - REPORTS), json]
    }
    const heard = this.#call(type, ...payload[type]?.(event) ?? [event])
    // Nobody listens and nobody waits: the operator should not learn of it from an empty folder.
    if (!heard && !ordered && Object.hasOwn(unheard, type)) {
      warnOnce(event.code, `${unheard[type]}${event.message}`, `${this.#id} ${event.code}`)
    }
  }

  // Not emit(): there the first listener that throws keeps the event from the others, and us from the next event.
  #call (type, ...args) {
    const listeners = this.rawListeners(type)
    for (const listener of listeners) {
      try {
        const result = Reflect.apply(listener, this, args)
        // An async listener's rejection would end the host as an unhandled one.
        if (typeof result?.then === 'function') result.then(undefined, (error) => this.#complain(type, error))
      } catch (error) {
        this.#complain(type, error)
      }
    }
    return listeners.length > 0
  }

  #complain (type, error) {
    const code = 'HEAPWARDEN_LISTENER_FAILED'
    const message = `a listener of '${type}' threw: ${error?.stack ?? error}`
    if (type !== 'warning' && this.#call('warning', { code, message, error })) return
    warnOnce(code, message, `${this.#id} ${type} ${error?.message ?? error}`)
  }

  #read (what) {
    const values = this.#last ?? {
      latest: () => native.monitorLatest(this.#id),
      history: () => native.monitorHistory(this.#id),
      rules: () => native.monitorRules(this.#id)
    }
    const value = JSON.parse(adopting(values[what]))
    if (what === 'history') value.forEach(channel.reviveSample)
    return what === 'latest' ? channel.reviveSample(value) : value
  }

  async #stop () {
    this.#unlisten()
    this.#unfreeze()
    const kept = {}
    for (const what of ['latest', 'history', 'rules']) {
      const json = JSON.stringify(this.#read(what))
      kept[what] = () => json
    }
    this.#last = kept
    channel.stopping.add(this.#id)
    try {
      await channel.holdLoop(native.monitorStop(this.#id))
    } catch (error) {
      throw adopt(error)
    } finally {
      channel.retire(this.#id)
    }
  }

  // The system gave no thread to sample on, which the addon has warned of: until there is one, on the loop.
  #sampleHere () {
    const timer = setInterval(() => {
      if (this.#stopped || !native.sampleHere()) clearInterval(timer)
    }, 1000).unref()
  }

  #refuseIfStopped (what) {
    if (this.#stopped) throw new HeapwardenError('HEAPWARDEN_STOPPED', `${what}: this monitor was stopped; call watch() for a new one`)
  }

  #listenToSignal () {
    this.#unlisten()
    const { signal } = this.#options
    this.#unlisten = signal
      // The failure is told by the event; a rejection nobody handles would end the host.
      ? onSignal(signal, () => { this.snapshot({ trigger: signal }).catch(() => {}) })
      : () => {}
  }

  /** Tells the addon which of the frequent events somebody wants: samples nobody hears should cost nothing. */
  #tune () {
    const sample = this.listenerCount('sample') > 0
    const gc = this.listenerCount('gc') > 0
    if (this.#stopped || (sample === this.#heard.sample && gc === this.#heard.gc)) return
    native.listen(this.#id, sample, gc)
    this.#heard = { sample, gc }
  }

  static {
    // Overridden rather than watched by 'newListener': removeAllListeners() would take our own listener along.
    for (const name of ['on', 'addListener', 'prependListener', 'off', 'removeListener', 'removeAllListeners']) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        writable: true,
        value (...args) {
          EventEmitter.prototype[name].apply(this, args)
          this.#tune()
          return this
        }
      })
    }
    if (Symbol.asyncDispose) {
      Object.defineProperty(this.prototype, Symbol.asyncDispose, {
        configurable: true, writable: true, value () { return this.stop() }
      })
    }
  }
}

module.exports = { Monitor }

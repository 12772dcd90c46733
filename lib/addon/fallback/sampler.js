'use strict'

// Monitors of this thread, sampled by timers that do not keep it alive. A sample can be taken when the loop turns
// only: how late a timer comes is how long the loop stood still.

const { actions: known } = require('./actions')
const { clock, look } = require('./figures')
const machine = require('./machine')
const metrics = require('./metrics')
const { clearTimeout, setImmediate, setTimeout } = require('../../base/timers')

const SHORTEST_INTERVAL = 10

/** Rules with their states: the old one where the rule is still the same. */
function judged (rules, old = []) {
  const same = (rule) => old.find((one) => JSON.stringify(one.rule) === JSON.stringify(rule))?.state
  return rules.map((rule) => ({ rule, state: same(rule) ?? machine.begin() }))
}

class Watcher {
  #id
  #tell
  #order
  #why
  #settings
  #rules
  #history = []
  #requests = []
  #heard = false
  #due
  #timer
  #stopped = false

  /**
   * @param {number} id
   * @param {object} settings as lib/options/check.js makes them
   * @param {{ tell: (event: object) => void, order: (options: object, monitor: number) => void, why: string }} out `why`: there is no binary
   */
  constructor (id, settings, { tell, order, why }) {
    this.#id = id
    this.#tell = tell
    this.#order = order
    this.#why = why
    this.#settings = settings
    this.#rules = judged(settings.rules ?? [])
    this.#due = clock()
    this.#takeIn()
  }

  update ({ rules, ...settings }) {
    this.#settings = { ...this.#settings, ...settings }
    if (rules) this.#rules = judged(rules, this.#rules)
    if (settings.history !== undefined) this.#history.splice(0, this.#history.length - settings.history)
    if (settings.intervalMs !== undefined) {
      this.#due = clock()
      this.#schedule()
    }
  }

  stop () {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  listen (heard) {
    this.#heard = heard
  }

  request (id) {
    this.#requests.push(id)
    setImmediate(() => this.#turn())
  }

  get latest () {
    return this.#history.at(-1) ?? null
  }

  get history () {
    return this.#history
  }

  get rules () {
    return this.#rules.map(({ rule, state }) => ({
      ...machine.shown(state),
      name: rule.name,
      metric: rule.metric,
      threshold: machine.threshold(rule),
      direction: rule.above === undefined ? 'below' : 'above'
    }))
  }

  #schedule () {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, this.#due - clock()))
    this.#timer.unref()
  }

  /** From the loop, where an exception would end the host. */
  #turn () {
    if (this.#stopped) return
    try {
      this.#takeIn()
    } catch (error) {
      this.#schedule()
      this.#tell({ type: 'warning', monitor: this.#id, code: 'HEAPWARDEN_CAPTURE_FAILED', message: `no sample could be taken: ${error?.message ?? error}` })
    }
  }

  #takeIn () {
    const now = clock()
    const late = Math.max(0, now - this.#due)
    const interval = Math.max(SHORTEST_INTERVAL, this.#settings.intervalMs)
    // One that was held up does not catch up: that would be a burst of equal samples.
    this.#due = this.#due + interval > now ? this.#due + interval : now + interval
    this.#schedule()
    const sample = look(now, late)
    this.#history.push(sample)
    if (this.#history.length > this.#settings.history) this.#history.shift()

    const monitor = this.#id
    for (const request of this.#requests.splice(0)) this.#tell({ type: 'sampled', monitor, request, sample })
    if (this.#heard) this.#tell({ type: 'sample', monitor, sample, dropped: 0 })
    for (const { rule, state } of this.#rules) this.#judge(rule, state, sample, now)
  }

  #judge (rule, state, sample, now) {
    const outcome = machine.step(rule, state, metrics.read(rule.metric, sample), now, sample.at)
    if (!outcome) return
    const { type, value, since, actions, limited } = outcome
    const monitor = this.#id
    this.#tell({ type, monitor, rule: rule.name, sample, value, since, ...type === 'breach' && { limited } })
    for (const action of actions ?? []) known[action]({ rule: rule.name, snapshots: this.#settings.snapshots, order: this.#order, tell: this.#tell, monitor, why: this.#why })
  }
}

module.exports = { Watcher }

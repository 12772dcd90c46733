'use strict'

// Who may capture, and when: one at a time, and who orders the same meanwhile shares it. As src/orders/queue.rs.

const { HeapwardenError } = require('../../base/errors')
const { take, tidy } = require('./snapshot')
const { clearTimeout, setImmediate, setTimeout } = require('../../base/timers')

const TIMEOUT_MS = 300_000

/** Everything that shapes the file or its place. */
const shape = ({ dir, path, level, redact, stableIds, numericValues }) => JSON.stringify([dir, path, level, redact, stableIds, numericValues])

class Captures {
  #tell
  #diagnosticDir
  #next = 1
  #queue = []
  #running

  /** @param {{ tell: (event: object) => void, diagnosticDir?: string }} out */
  constructor ({ tell, diagnosticDir }) {
    this.#tell = tell
    this.#diagnosticDir = diagnosticDir
  }

  /** Orders one; the answer comes as an event with the number returned here. */
  order (options, monitor) {
    const ticket = { capture: this.#next++, monitor }
    const shared = [this.#running, ...this.#queue].find((one) => one && !one.answered && !one.over.signal.aborted && shape(one.options) === shape(options))
    if (shared) {
      shared.tickets.push(ticket)
    } else {
      this.#queue.push({ options, tickets: [ticket], at: Date.now(), over: new AbortController(), answered: false, timer: undefined })
      setImmediate(() => this.#call())
    }
    return ticket.capture
  }

  /** One who waits does so no longer; the capture ends when nobody does. */
  cancel (capture) {
    for (const order of [this.#running, ...this.#queue]) {
      const at = order?.tickets.findIndex((one) => one.capture === capture) ?? -1
      if (at === -1) continue
      const tickets = order.tickets.splice(at, 1)
      this.#fail({ ...order, tickets }, new HeapwardenError('HEAPWARDEN_ABORTED', 'the snapshot was aborted by its caller'))
      if (order.tickets.length > 0) return
      order.over.abort()
      this.#queue = this.#queue.filter((one) => one !== order)
      return
    }
  }

  #call () {
    if (this.#running || this.#queue.length === 0) return
    const order = this.#queue.shift()
    this.#running = order
    // It has no promise to reject: whatever happens is told.
    this.#run(order).catch((error) => this.#fail(order, error)).finally(() => {
      clearTimeout(order.timer)
      this.#running = undefined
      setImmediate(() => this.#call())
    })
  }

  async #run (order) {
    const { options, at, over } = order
    const most = options.timeoutMs ?? TIMEOUT_MS
    const late = new HeapwardenError('HEAPWARDEN_TIMEOUT', `the snapshot was not finished ${most} ms after its order`)
    order.timer = setTimeout(() => over.abort(late), Math.max(0, at + most - Date.now()))
    order.timer.unref()
    let info
    try {
      info = await take(options, { at, diagnosticDir: this.#diagnosticDir, signal: over.signal })
    } catch (error) {
      throw over.signal.aborted ? over.signal.reason : error
    }
    order.answered = true
    for (const [index, { capture, monitor }] of order.tickets.splice(0).entries()) {
      this.#tell({ type: 'snapshot', monitor, capture, shared: index > 0, info })
    }
    await tidy(info, options).catch((error) => {
      this.#tell({ type: 'warning', monitor: 0, code: error.code?.startsWith('HEAPWARDEN_') ? error.code : 'HEAPWARDEN_CAPTURE_FAILED', message: `${info.path}: ${error.message}` })
    })
  }

  #fail (order, error) {
    const { tickets, options } = order
    order.answered = true
    const code = error.code?.startsWith?.('HEAPWARDEN_') ? error.code : 'HEAPWARDEN_CAPTURE_FAILED'
    for (const { capture, monitor } of tickets) {
      this.#tell({ type: 'snapshotFailed', monitor, capture, code, message: error.message, trigger: options.trigger ?? 'manual' })
    }
  }
}

module.exports = { Captures }

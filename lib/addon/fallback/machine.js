'use strict'

// Rule × state × value → event: the twin of src/watch/machine.rs, which explains it. Compared with it on random series
// by __test__/addon/twins.once.test.js. Rules are those of lib/options/rules.js. Durations are measured on one clock (`now`), what users are
// told is stamped with the samples' time on the wall (`at`); both in milliseconds.

/** A rule's state before its first sample. */
const begin = () => ({
  phase: 'ok',
  since: null,
  value: null,
  breaches: 0,
  actionsTaken: 0,
  lastBreachAt: null,
  coolingUntil: null,
  // Not shown, and on the other clock: `since`, `coolingUntil`, when actions were ordered, when the last known value came.
  heldFrom: null,
  coolsUntil: null,
  actedAt: [],
  now: null
})

/** What users are shown of a state. */
const shown = ({ heldFrom, coolsUntil, actedAt, now, ...state }) => state

const above = (rule) => rule.above !== undefined
const threshold = (rule) => rule.above ?? rule.below
const breaks = (rule, value) => above(rule) ? value > rule.above : value < rule.below

function clears (rule, value) {
  const clear = rule.clear ?? threshold(rule)
  return above(rule) ? value <= clear : value >= clear
}

function cool (state, until, now, at) {
  state.coolsUntil = until
  state.coolingUntil = until === null ? null : at + (until - now)
}

/** Moves on to `now`, which is `at` on the wall. When the clock was set back, every time remembered on it is set back by as much. */
function tick (state, now, at) {
  const back = state.now - now
  if (state.now !== null && back > 0) {
    for (const name of ['heldFrom', 'coolsUntil']) {
      if (state[name] !== null) state[name] -= back
    }
    state.actedAt = state.actedAt.map((time) => time - back)
  }
  state.now = now
  cool(state, state.coolsUntil !== null && now < state.coolsUntil ? state.coolsUntil : null, now, at)
}

/** Whether the limit lets this breach act, and if so counts it. */
function mayAct (rule, state, now) {
  if (rule.limit) {
    state.actedAt = state.actedAt.filter((time) => now - time < rule.limit.perMs)
    if (state.actedAt.length >= rule.limit.count) return false
    state.actedAt.push(now)
  }
  state.actionsTaken++
  return true
}

function breach (rule, state, value, now, at) {
  state.phase = 'breached'
  state.breaches++
  state.lastBreachAt = at
  cool(state, rule.cooldownMs > 0 ? now + rule.cooldownMs : null, now, at)
  const limited = rule.do.length > 0 && !mayAct(rule, state, now)
  return { type: 'breach', value, since: state.since, actions: limited ? [] : rule.do, limited }
}

/**
 * Judges one value. What is not known changes nothing.
 * @returns {undefined | { type: 'breach' | 'recovered', value: number, since: number, actions?: string[], limited?: boolean }}
 */
function step (rule, state, value, now, at) {
  if (value === undefined || !Number.isFinite(now)) return undefined
  tick(state, now, at)
  state.value = value
  if (state.phase === 'breached') {
    if (!clears(rule, value)) return undefined
    const since = state.since ?? at
    state.phase = 'ok'
    state.since = null
    state.heldFrom = null
    return { type: 'recovered', value, since }
  }
  if (!breaks(rule, value)) {
    state.phase = 'ok'
    state.since = null
    state.heldFrom = null
    return undefined
  }
  state.phase = 'pending'
  state.since ??= at
  state.heldFrom ??= now
  const held = now - state.heldFrom >= rule.forMs
  return held && state.coolsUntil === null ? breach(rule, state, value, now, at) : undefined
}

module.exports = { begin, shown, step, threshold }

'use strict'

// Rule × state × value → event: the twin of src/watch/machine.rs, which explains it. Compared with it on random series
// by __test__/once/twins.test.js. Rules are those of lib/rules.js, times milliseconds on one clock.

/** A rule's state before its first sample. */
const begin = () => ({
  phase: 'ok',
  since: null,
  value: null,
  breaches: 0,
  actionsTaken: 0,
  lastBreachAt: null,
  coolingUntil: null,
  // Not shown: when actions were ordered, and when the last known value came.
  actedAt: [],
  now: null
})

/** What users are shown of a state. */
const shown = ({ actedAt, now, ...state }) => state

const above = (rule) => rule.above !== undefined
const threshold = (rule) => rule.above ?? rule.below
const breaks = (rule, value) => above(rule) ? value > rule.above : value < rule.below

function clears (rule, value) {
  const clear = rule.clear ?? threshold(rule)
  return above(rule) ? value <= clear : value >= clear
}

/** Moves on to `now`. When the clock was set back, every remembered time is set back by as much. */
function tick (state, now) {
  const back = state.now - now
  if (state.now !== null && back > 0) {
    for (const name of ['since', 'lastBreachAt', 'coolingUntil']) {
      if (state[name] !== null) state[name] -= back
    }
    state.actedAt = state.actedAt.map((at) => at - back)
  }
  state.now = now
  if (state.coolingUntil !== null && now >= state.coolingUntil) state.coolingUntil = null
}

/** Whether the limit lets this breach act, and if so counts it. */
function mayAct (rule, state, now) {
  if (rule.limit) {
    state.actedAt = state.actedAt.filter((at) => now - at < rule.limit.perMs)
    if (state.actedAt.length >= rule.limit.count) return false
    state.actedAt.push(now)
  }
  state.actionsTaken++
  return true
}

function breach (rule, state, value, now) {
  state.phase = 'breached'
  state.breaches++
  state.lastBreachAt = now
  state.coolingUntil = rule.cooldownMs > 0 ? now + rule.cooldownMs : null
  const limited = rule.do.length > 0 && !mayAct(rule, state, now)
  return { type: 'breach', value, since: state.since, actions: limited ? [] : rule.do, limited }
}

/**
 * Judges one value. What is not known changes nothing.
 * @returns {undefined | { type: 'breach' | 'recovered', value: number, since: number, actions?: string[], limited?: boolean }}
 */
function step (rule, state, value, now) {
  if (value === undefined || !Number.isFinite(now)) return undefined
  tick(state, now)
  state.value = value
  if (state.phase === 'breached') {
    if (!clears(rule, value)) return undefined
    const since = state.since ?? now
    state.phase = 'ok'
    state.since = null
    return { type: 'recovered', value, since }
  }
  if (!breaks(rule, value)) {
    state.phase = 'ok'
    state.since = null
    return undefined
  }
  state.phase = 'pending'
  state.since ??= now
  const held = now - state.since >= rule.forMs
  return held && state.coolingUntil === null ? breach(rule, state, value, now) : undefined
}

module.exports = { begin, shown, step, threshold }

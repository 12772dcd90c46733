'use strict'

// One rule: from what a user writes to what the addon judges.

const { HeapwardenError } = require('../base/errors')
const native = require('../addon/native')
const { actionNames } = require('./actions')
const { invalid } = require('./invalid')
const kinds = require('./kinds')
const { parseRules } = require('./rule-text')

const { DAY, kind } = kinds

/** Metric name → kind of its values, as the addon knows them. */
const metrics = new Map(JSON.parse(native.metrics()).map(({ name, kind }) => [name, kind.toLowerCase()]))

/** A number, or text that is one; `Number('')` would be 0. */
const numberOf = (value) => typeof value === 'string' ? Number(value.trim() || NaN) : value

const fromZero = (max, accepted) => (value, path) => {
  const number = numberOf(typeof value === 'string' && max === 100 ? value.replace(/%\s*$/, '') : value)
  if (typeof number !== 'number' || !(number >= 0 && number <= max)) throw invalid(path, value, accepted)
  return number
}

// A heap may shrink, so a number may be negative here and nowhere else.
function bytesPerSecond (value, path) {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const accepted = "bytes per second as a number or a size such as '1MB' or '1MB/s'"
  if (typeof value !== 'string') throw invalid(path, value, accepted)
  try {
    return native.parseBytes(value.replace(/\s*\/\s*s$/, ''))
  } catch {
    throw invalid(path, value, accepted)
  }
}

/** How a threshold is read, by the kind of the rule's metric. */
const thresholds = {
  bytes: kinds.bytes(),
  ratio: kinds.ratio(),
  milliseconds: kinds.duration(0, 30 * DAY, 'at most 30 days'),
  bytespersecond: bytesPerSecond,
  count: fromZero(Number.MAX_SAFE_INTEGER, 'a number from 0'),
  percent: fromZero(100, "per cent from 0 to 100, such as 20 or '20%'")
}

const actions = kinds.oneOf(actionNames)

const actionList = kind({ type: 'Action[]' }, (value, path) => {
  if (!Array.isArray(value)) throw invalid(path, value, "an array such as ['snapshot'], or [] for the events alone")
  return [...new Set(value.map((action, i) => actions(action, `${path}[${i}]`)))]
})

const limitFields = kinds.object({
  count: kinds.integer(1, 10_000),
  per: kinds.duration(1, 30 * DAY, 'from 1 ms to 30 days')
}, "an object such as { count: 3, per: '1h' }")

const limit = kind({ type: '{ count: number, per: Duration }' }, (value, path) => {
  const { count, per } = limitFields(value, path)
  if (count === undefined || per === undefined) throw invalid(path, value, "both count and per, such as { count: 3, per: '1h' }")
  return { count, perMs: per }
})

const metricName = kinds.oneOf([...metrics.keys()], 'one of ')
// They can be read only once the metric is known.
const threshold = kind({ type: 'number | string' }, (value) => value)

/** What a rule can say. */
const ruleFields = {
  name: kinds.text(100),
  metric: kind({ type: 'Metric' }, (value, path) => metricName(value, path)),
  above: threshold,
  below: threshold,
  for: kinds.duration(0, 30 * DAY, 'at most 30 days'),
  clear: threshold,
  cooldown: kinds.duration(0, 30 * DAY, 'at most 30 days'),
  limit,
  do: actionList
}
const fields = kinds.object(ruleFields, "an object such as { name: 'heap', metric: 'heapUsed', above: '512MB' }")

/** One rule in the addon's form (`Rule` of src/watch/rule.rs). */
function rule (value, path) {
  const given = fields(value, path)
  for (const name of ['name', 'metric']) {
    if (given[name] === undefined) throw invalid(`${path}.${name}`, undefined, 'a string: every rule has a name and a metric')
  }
  if ((given.above === undefined) === (given.below === undefined)) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION',
      `${path}: ${given.above === undefined ? 'neither above nor below was given' : 'both above and below were given'}; accepted: exactly one of them`)
  }
  const side = given.above === undefined ? 'below' : 'above'
  const read = thresholds[metrics.get(given.metric)]
  const out = {
    name: given.name,
    metric: given.metric,
    [side]: read(given[side], `${path}.${side}`),
    forMs: given.for ?? 0,
    cooldownMs: given.cooldown ?? 600_000,
    do: given.do ?? []
  }
  if (given.clear !== undefined) {
    out.clear = read(given.clear, `${path}.clear`)
    if (side === 'above' ? out.clear > out.above : out.clear < out.below) {
      throw invalid(`${path}.clear`, given.clear, `a value ${side === 'above' ? 'not above' : 'not below'} the threshold ${out[side]}`)
    }
  }
  if (given.limit !== undefined) out.limit = given.limit
  return out
}

const rules = kind({ type: 'Rule[]', form: 'RULES', fromText: parseRules }, (value, path) => {
  if (!Array.isArray(value)) throw invalid(path, value, 'an array of rules')
  if (value.length > 1000) throw invalid(path, `${value.length} rules`, 'at most 1000 rules')
  const names = new Set()
  return value.map((one, i) => {
    const out = rule(one, `${path}[${i}]`)
    if (names.has(out.name)) throw invalid(`${path}[${i}].name`, out.name, 'a name that no other rule has')
    names.add(out.name)
    return out
  })
})

// What a watch without rules looks for. They are ratios and a time, so they fit every size of process; the limit keeps
// a service that hovers around the threshold from filling its day with snapshots.
const defaultRules = Object.freeze(Object.entries({
  heapUsedRatio: { above: 0.8, for: '30s' },
  cgroupRatio: { above: 0.85, for: '30s' },
  cgroupFullIn: { below: '10s' }
}).map(([metric, threshold]) => Object.freeze({
  name: metric,
  metric,
  ...threshold,
  limit: Object.freeze({ count: 3, per: '1h' }),
  do: Object.freeze(['snapshot'])
})))

module.exports = { defaultRules, metrics, ruleFields, rules }

'use strict'

// What wrong options are answered: the code and the message, which name the option, the value and what is accepted.

const { masked } = require('./mask')

const BAD = [null, 'nonsense', '', -1, 0.5, 1e12, true, [], {}, Symbol('s')]
const watchOptions = ['interval', 'history', 'rules', 'nearHeapLimit', 'leaks', 'signal', 'snapshots', 'intervall']
const snapshotOptions = ['dir', 'path', 'mode', 'level', 'keep', 'minFreeDisk', 'memoryBudget', 'timeout', 'redact', 'stableIds', 'numericValues', 'trigger', 'signal', 'onProgress', 'levle']
const keep = ['count', 'bytes', 'age', 'counts']
const limit = ['extend', 'wait', 'waits']
const rule = ['name', 'metric', 'above', 'below', 'for', 'clear', 'cooldown', 'limit', 'do', 'dos']
const ruleLimit = ['count', 'per', 'pre']
const analysisOptions = ['maxMemory', 'salvage', 'process', 'signal', 'onProgress', 'top', 'limit', 'className', 'ids', 'tops']
const wholeRules = [
  'rss > 1GB', [{}], [{ metric: 'rss' }], [{ name: 'a', metric: 'rss' }], [{ name: 'a', metric: 'rss', above: 1, below: 2 }], [{ name: 'a', metric: 'rss', above: '1XB' }],
  [{ name: 'a', metric: 'heapUsedRatio', above: '200%' }], [{ name: 'a', metric: 'loopBlocked', above: '1GB' }], [{ name: 'a', metric: 'rss', above: 1, do: ['report'] }],
  [{ name: 'a', metric: 'rss', above: 1 }, { name: 'a', metric: 'rss', above: 2 }], [{ name: 'a', metric: 'rss', above: 1, clear: 2 }]
]

async function answerOf (call) {
  try {
    return await call() === undefined ? 'nothing' : 'accepted'
  } catch ({ code, message }) {
    return `${code}: ${message}`
  }
}

/** Answers of one kind of call for each of `names` with each bad value. */
async function each (names, call, places) {
  const lines = []
  for (const name of names) {
    for (const value of BAD) lines.push(`${name} = ${typeof value === 'symbol' ? 'a symbol' : JSON.stringify(value)}: ${masked(await answerOf(() => call({ [name]: value })), places)}`)
  }
  return lines.join('\n')
}

async function refused (load, dir, places) {
  const { compare, findPaths, openSnapshot, summarize, takeSnapshot, watch } = load('heapwarden')
  const { middleware } = load('heapwarden/middleware')
  // Accepted ones must do nothing else: a monitor is stopped at once, a snapshot is aborted before it begins.
  const watching = (options) => { watch(options).stop(); return true }
  const taking = (options) => takeSnapshot({ dir, signal: AbortSignal.abort(), ...options })
  const good = { name: 'a', metric: 'rss', above: '1TB', do: [] }
  const rules = await Promise.all(wholeRules.map(async (one) => `${JSON.stringify(one)}: ${await answerOf(() => watching({ rules: one }))}`))
  return {
    'refused by watch': await each(watchOptions, watching, places),
    'refused in snapshot': await each(snapshotOptions, (options) => watching({ snapshots: options }), places),
    'refused in nearHeapLimit': await each(limit, (options) => watching({ nearHeapLimit: options }), places),
    'refused in rules': await each(rule, (options) => watching({ rules: [{ ...good, ...options }] }), places),
    'refused in a limit': await each(ruleLimit, (options) => watching({ rules: [{ ...good, limit: { count: 1, per: '1h', ...options } }] }), places),
    'rules as a whole': rules.join('\n'),
    'refused by takeSnapshot': await each(snapshotOptions, taking, places),
    'refused in keep': await each(keep, (options) => taking({ keep: options }), places),
    'refused by summarize': await each(analysisOptions, (options) => summarize('/nowhere', options), places),
    'refused by compare': await each(analysisOptions, (options) => compare('/nowhere', '/neither', options), places),
    'refused by compare of several': await each(['0'], (options) => compare([options[0]]), places),
    'refused by findPaths': await each(analysisOptions, (options) => findPaths('/nowhere', { id: 1 }, options), places),
    'refused as a target': await each(['id', 'className', 'ids'], (options) => findPaths('/nowhere', options), places),
    'refused by openSnapshot': await each(['0'], (options) => openSnapshot(options[0]).on('error', () => {}).destroy(), places),
    'refused by middleware': await each(['monitor', 'dir', 'token', 'authorize', 'insecure', 'tokens'], (options) => middleware({ insecure: true, ...options }), places)
  }
}

module.exports = { refused }

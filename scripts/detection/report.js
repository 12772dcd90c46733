'use strict'

// The results as docs/detection.md has them: a table of programs that leak, one of those that do not, and how each tool did over both.

const { THRESHOLD } = require('./rules')

const TOOLS = [
  { key: 'heapwarden', title: 'heapwarden' },
  { key: 'memlab', title: 'memlab' },
  { key: 'threshold', title: `heapUsed × ${THRESHOLD}` },
  { key: 'memwatch', title: 'five growing collections' }
]

/** Only a tool that reads snapshots can name anything. */
function leakCell (result) {
  if (!result) return ''
  if (result.error) return 'failed'
  return result.named ? 'named' : result.said ? 'seen' : '**missed**'
}

function healthyCell (result) {
  if (!result) return ''
  if (result.error) return 'failed'
  return result.said ? '**false alarm**' : 'quiet'
}

const line = (cells) => `| ${cells.join(' | ')} |`
const head = (cells) => [line(cells), `|${'---|'.repeat(cells.length)}`]

function section (results, title, cell, tools) {
  return [...head([title, ...tools.map((tool) => tool.title)]), ...results.map(({ name, ...by }) => line([`\`${name}\``, ...tools.map(({ key }) => cell(by[key]))]))]
}

function summary (leaks, healthy, tools) {
  const share = (some, key, what) => {
    const known = some.filter((result) => result[key] && !result[key].error)
    return `${known.filter((result) => result[key][what]).length} of ${known.length}`
  }
  return [...head(['', 'leaks seen', 'of them named', 'false alarms']), ...tools.map(({ key, title }) =>
    line([title, share(leaks, key, 'said'), ['heapwarden', 'memlab'].includes(key) ? share(leaks, key, 'named') : 'names nothing', share(healthy, key, 'said')]))]
}

/** @param {Array<{ name: string, table: 'leaks' | 'healthy' }>} results each with a result by tool: `{ said, named }` or `{ error }` */
function markdown (results) {
  const leaks = results.filter(({ table }) => table === 'leaks')
  const healthy = results.filter(({ table }) => table === 'healthy')
  const tools = TOOLS.filter(({ key }) => results.some((result) => result[key]))
  return [
    ...summary(leaks, healthy, tools),
    ...leaks.length > 0 ? ['', ...section(leaks, 'leaks', leakCell, tools)] : [],
    ...healthy.length > 0 ? ['', ...section(healthy, 'does not leak', healthyCell, tools)] : []
  ].join('\n')
}

module.exports = { markdown }

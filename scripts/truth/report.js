'use strict'

// What the truth table's programs have come to: a table, a row for each program and a column for each Node, and in sentences what is wrong.

/** @typedef {{ name: string, table: 'leaks' | 'healthy', kinds?: string[], major: number, wrong: string[], fingerprint?: string }} Result */

const line = (cells) => `| ${cells.join(' | ')} |`

/** @param {Result[]} results @returns {Map<string, Result[]>} those of one program, in the order in which they were given */
function byProgram (results) {
  const groups = new Map()
  for (const result of results) groups.set(result.name, [...groups.get(result.name) ?? [], result])
  return groups
}

/** The fingerprint that most have: the others are told to differ from it. */
function usual (results) {
  const counts = new Map()
  for (const { fingerprint } of results) if (fingerprint) counts.set(fingerprint, (counts.get(fingerprint) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}

function cell (result, fingerprint) {
  if (!result) return ''
  if (result.table === 'healthy') return result.wrong.length === 0 ? 'quiet' : '**wrong**'
  const other = result.fingerprint !== fingerprint ? ', **another fingerprint**' : ''
  return `${result.wrong.length === 0 ? 'named' : '**wrong**'}${other}`
}

/** @param {Result[]} results */
function markdown (results) {
  const majors = [...new Set(results.map(({ major }) => major))]
  const head = ['program', 'kind', ...majors.map((major) => `Node ${major}`), 'fingerprint']
  const lines = [...byProgram(results)].map(([name, some]) => {
    const print = usual(some)
    const kind = some[0].table === 'healthy' ? 'does not leak' : some[0].kinds.join(' or ')
    return line([`\`${name}\``, kind, ...majors.map((major) => cell(some.find((one) => one.major === major), print)), print ? `\`${print}\`` : ''])
  })
  return [line(head), `|${'---|'.repeat(head.length)}`, ...lines].join('\n')
}

/** @param {Result[]} results @returns {string[]} none if all is right */
function sentences (results) {
  return [...byProgram(results)].flatMap(([name, some]) => {
    const print = usual(some)
    return some.flatMap(({ major, wrong, fingerprint }) => [
      ...wrong.map((what) => `${name}, Node ${major}: ${what}`),
      ...fingerprint && fingerprint !== print ? [`${name}, Node ${major}: fingerprint ${fingerprint}, elsewhere ${print}`] : []
    ])
  })
}

module.exports = { markdown, sentences }

'use strict'

// Hits and false alarms: what heapwarden, memlab and two rules that need no snapshot say of the truth table's programs.

const { commandLine } = require('./base/command-line')
const { scratchFolder } = require('./base/undo')
const { markdown } = require('./detection/report')
const { rules, ROUNDS } = require('./detection/rules')
const { install, memlab } = require('./detection/memlab')
const { heapwarden } = require('./detection/heapwarden')
const { collect, rows } = require('../__test__/leaks/collect')

const TOOLS = ['heapwarden', 'memlab', 'rules']

const USAGE = `usage: node scripts/detection.js [--only NAMES] [--tools NAMES] [--list]

Runs each program of __test__/leaks and __test__/healthy under load and prints tables for docs/detection.md. The Node that runs this is the one
that is looked at. Packages come from npm. A program takes about a minute, all of them more than an hour. Exit status 1 if heapwarden
was wrong about one.

  --only NAMES    these alone, with commas between
  --tools NAMES   of ${TOOLS.join(',')}; rules: heapUsed and memwatch's, over ${ROUNDS} rounds
  --list          the names`

/** A tool that falls over has not found anything, and does not keep the others from it. */
async function attempt (name, tool, work) {
  try {
    return await work()
  } catch (error) {
    console.error(`${name}, ${tool}: ${error.message}`)
    return { error: true }
  }
}

async function examine (row, tools) {
  const result = { name: row.name, table: row.table }
  if (tools.includes('heapwarden') || tools.includes('memlab')) {
    const { dir, remove } = scratchFolder('heapwarden-detection-')
    try {
      // memlab goes by ids alone; heapwarden does with them and without.
      const files = await collect(row, { out: dir, snapshot: { stableIds: 'keep' } })
      if (tools.includes('heapwarden')) result.heapwarden = await attempt(row.name, 'heapwarden', () => heapwarden(files, row))
      if (tools.includes('memlab')) result.memlab = await attempt(row.name, 'memlab', () => memlab(files, row))
    } finally {
      remove()
    }
  }
  if (tools.includes('rules')) {
    const both = await attempt(row.name, 'rules', () => rules(row))
    Object.assign(result, both.error ? { threshold: both, memwatch: both } : both)
  }
  return result
}

async function main () {
  const { values, misused } = commandLine(USAGE, {
    options: { only: { type: 'string' }, tools: { type: 'string' }, list: { type: 'boolean', default: false } }
  })
  const all = ['leaks', 'healthy'].flatMap((table) => rows(table).map((row) => ({ ...row, table })))
  if (values.list) return console.log(all.map(({ name, table }) => `${table.padEnd(9)}${name}`).join('\n'))
  const names = values.only?.split(',')
  for (const name of names ?? []) if (!all.some((row) => row.name === name)) misused(`--only: there is no program "${name}"`)
  const tools = values.tools?.split(',') ?? TOOLS
  for (const tool of tools) if (!TOOLS.includes(tool)) misused(`--tools: "${tool}" was given; accepted: ${TOOLS.join(', ')}`)
  if (tools.includes('memlab')) console.error(`memlab ${await install()}, Node ${process.version}`)

  const results = []
  for (const row of all) {
    if (names && !names.includes(row.name)) continue
    console.error(row.name)
    results.push(await examine(row, tools))
  }
  console.log(markdown(results))
  const wrong = results.filter(({ table, heapwarden }) => heapwarden && (table === 'leaks' ? !heapwarden.named : heapwarden.said || heapwarden.error))
  if (wrong.length > 0) process.exitCode = 1
}

main()

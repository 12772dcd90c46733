'use strict'

// The truth table on every Node: whether each leak is named, by the same fingerprint everywhere, and nothing that only looks like one.

const { commandLine } = require('./base/command-line')
const { MAJORS, nodeBinary } = require('./test/nodes')
const { markdown, sentences } = require('./truth/report')
const { rows } = require('../__test__/leaks/collect')
const { examine, someAtATime } = require('../__test__/leaks/examine')

const USAGE = `usage: node scripts/truth.js [--node MAJOR]… [--modules FOLDER] [--list] [NAME…]

Runs the programs of __test__/leaks and __test__/healthy under load, all of them if none is named, and prints a table of what heapwarden says of
them. Packages come from npm. All on one Node take about six minutes on two cores. Exit status 1 if anything is wrong, which is told below.

  --node MAJOR      on this Node; may be repeated; ${MAJORS.join(', ')} if none is given
  --modules FOLDER  where packages are installed, and found if they are there
  --list            the names`

/** One that falls over does not keep the others from being judged. */
async function attempt ({ table, row }, options) {
  try {
    return await examine(table, row, options)
  } catch (error) {
    return { wrong: [`it could not be run: ${error.message.trim()}`] }
  }
}

async function main () {
  const { values, operands, misused } = commandLine(USAGE, {
    options: { node: { type: 'string', multiple: true }, modules: { type: 'string' }, list: { type: 'boolean', default: false } },
    operands: Infinity
  })
  const all = ['leaks', 'healthy'].flatMap((table) => rows(table).map((row) => ({ table, row })))
  if (values.list) return console.log(all.map(({ table, row }) => `${table.padEnd(9)}${row.name}`).join('\n'))
  const unknown = operands.find((name) => !all.some(({ row }) => row.name === name))
  if (unknown) misused(`there is no program "${unknown}"`)
  const majors = values.node?.map((text) => MAJORS.find((major) => String(major) === text) ?? misused(`--node: "${text}" was given; accepted: ${MAJORS.join(', ')}`)) ?? MAJORS
  const chosen = all.filter(({ row }) => operands.length === 0 || operands.includes(row.name))

  const binaries = new Map()
  for (const major of majors) binaries.set(major, await nodeBinary(major))
  const runs = chosen.flatMap((one) => majors.map((major) => ({ ...one, major })))
  let done = 0
  const results = await someAtATime(runs, async (run) => {
    const options = { node: binaries.get(run.major), ...values.modules && { modules: values.modules } }
    const result = await attempt(run, options)
    console.error(`${++done}/${runs.length} ${run.row.name}, Node ${run.major}: ${result.wrong.length === 0 ? 'right' : 'WRONG'}`)
    return { ...result, name: run.row.name, table: run.table, kinds: run.row.kinds, major: run.major }
  })
  console.log(markdown(results))
  const wrong = sentences(results)
  if (wrong.length === 0) return
  console.log(`\n${wrong.map((sentence) => `- ${sentence}`).join('\n')}`)
  process.exitCode = 1
}

main()

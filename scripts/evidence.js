'use strict'

// Evidence in real containers: for each row, on each Node, whether an image was left, whether it thaws, and whether the kernel had
// to kill anybody.

const { commandLine } = require('./base/command-line')
const { MAJORS, nodeBinary } = require('./test/nodes')

const ROWS = ['room', 'limit', 'places', 'phases'].flatMap((room) => require(`./evidence/${room}`))

const USAGE = `usage: node scripts/evidence.js [--only NAMES] [--node MAJORS] [--times N] [--list]

Makes control groups (v1, writable), namespaces and small disks, and prints a table for docs/performance.md. To be run by root, a row
takes seconds to a minute. Exit status 1 if a service was killed that lives without us, or if evidence is missing.

  --only NAMES    these alone, with commas between; a name stands for all that begin with it
  --node MAJORS   on these alone: ${MAJORS.join(',')}
  --times N       how often a leak in a tight container is run, without us and with: 20 if not given
  --list          the names`

async function main () {
  const { values, count, misused } = commandLine(USAGE, {
    options: { only: { type: 'string' }, node: { type: 'string' }, times: { type: 'string' }, list: { type: 'boolean' } }
  })
  if (values.list) return console.log(ROWS.map(({ name, what }) => `${name.padEnd(24)}${what}`).join('\n'))
  const only = values.only?.split(',')
  const wanted = ROWS.filter(({ name }) => only === undefined || only.some((one) => name.startsWith(one)))
  if (wanted.length === 0) misused(`--only: there is no row "${values.only}"`)
  const majors = values.node?.split(',').map(Number) ?? MAJORS
  const times = values.times && count('--times', values.times)
  let missing = 0
  let killed = 0
  console.log('| | Node | | |\n|---|---|---|---|')
  for (const { what, run } of wanted) {
    for (const major of majors) {
      const end = await run({ node: await nodeBinary(major), times: times || undefined })
      if (!end.ok) missing++
      killed += end.killed
      console.log(`| ${[what, major, end.ok ? 'yes' : '**no**', [end.text, end.trouble].filter(Boolean).join('; ').replaceAll(/[\n|]+/g, ' ')].join(' | ')} |`)
    }
  }
  console.log(`\nevidence missing: ${missing}; services killed: ${killed}`)
  process.exitCode = missing > 0 || killed > 0 ? 1 : 0
}

main()

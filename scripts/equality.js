'use strict'

// An image by fork, thawed, against V8's snapshot by a child that is forked at the same moment, on heaps of many kinds and on each
// Node: the same nodes, edges, sizes, names and classes. Prints the table of docs/images.md.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { scratchFolder } = require('./base/undo')
const { MAJORS, nodeBinary } = require('./test/nodes')
const heaps = require('../__test__/programs/heaps')
const { FLAGS, figures } = require('../__test__/support/same-heap')
const { run } = require('../__test__/support/helpers')
const { thaw } = require('..')

const USAGE = `usage: node scripts/equality.js [--node MAJOR]… [--modules FOLDER] [HEAP…]

All heaps on all Nodes if none are given: ${Object.keys(heaps).join(', ')}.
Exit status 1 if a pair differs or could not be had.

  --modules FOLDER  a node_modules with express, jsdom and typescript; without it they are installed for the time of the run`

const PACKAGES = ['express@5', 'jsdom@26', 'typescript@5']
const PROGRAM = path.join(__dirname, '..', '__test__', 'programs', 'two-forks.js')
const DEADLINE_MS = 600_000

function install () {
  const { dir } = scratchFolder('heapwarden-packages-')
  fs.writeFileSync(path.join(dir, 'package.json'), '{"private":true}')
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`npm install ${PACKAGES.join(' ')} failed`)
  return path.join(dir, 'node_modules')
}

/** What differs, by the names of figures; empty: nothing. */
const differences = (one, other) => Object.keys(one).filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]))

/** The cells of a heap on one Node. */
async function pair (node, heap, modules) {
  const { dir, remove } = scratchFolder('heapwarden-equality-')
  try {
    const { status, signal, stdout, stderr } = await run(node, [...FLAGS, PROGRAM, dir, heap, modules], { timeout: DEADLINE_MS })
    if (status !== 0) throw new Error(`ended with ${signal ?? status}: ${stderr.slice(-500)}`)
    const [image, snapshot] = JSON.parse(stdout)
    if (image.form !== 'image' || snapshot.form !== 'snapshot') throw new Error(`forms ${image.form}, ${snapshot.form}`)
    const thawed = await thaw(image.path)
    const [one, other] = [await figures(thawed.path), await figures(snapshot.path)]
    const wrong = differences(one, other)
    const what = wrong.map((name) => `${name}${typeof one[name] === 'number' ? ` ${one[name]} / ${other[name]}` : ''}`)
    return { same: wrong.length === 0, cells: [one.nodes, one.edges, one.classes.length, wrong.length === 0 ? 'equal' : `differs: ${what.join(', ')}`] }
  } catch (error) {
    return { same: false, cells: ['', '', '', error.message.replaceAll('\n', ' ').replaceAll('|', '\\|').slice(0, 300)] }
  } finally {
    remove()
  }
}

async function main () {
  const { values, operands, misused } = commandLine(USAGE, {
    options: { node: { type: 'string', multiple: true }, modules: { type: 'string' } }, operands: Infinity
  })
  const chosen = operands.length > 0 ? operands : Object.keys(heaps)
  const unknown = chosen.find((name) => !(name in heaps))
  if (unknown) misused(`there is no heap "${unknown}"`)
  const modules = path.resolve(values.modules ?? (chosen.some((name) => heaps[name].length > 0) ? install() : '.'))
  console.log('| heap | Node | nodes | edges | classes | |\n|---|---|---|---|---|---|')
  for (const major of values.node?.map(Number) ?? MAJORS) {
    const node = await nodeBinary(major)
    for (const heap of chosen) {
      const { same, cells } = await pair(node, heap, modules)
      console.log(`| ${[heap, major, ...cells].join(' | ')} |`)
      if (!same) process.exitCode = 1
    }
  }
}

main()

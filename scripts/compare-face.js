#!/usr/bin/env node
'use strict'

// Whether a rebuild has changed what users see: `compare-face.js OLD NEW`, two checkouts, each with its addon built.
// Exit status 0: nothing differs; 1: what differs is printed; 2: used wrongly.
//
// Compared are the types and what each specifier exports, the refusals of wrong options, the command's help, output and
// exit statuses, error codes and variables, the admin routes' answers, the bytes of files made of a fixed heap, and the
// answers of the analyses. What is another at each run (times, ids of processes, figures of memory, folders) is masked.

const fs = require('node:fs')
const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { scratchFolder } = require('./base/undo')
const { commands } = require('./face/commands')
const { names } = require('./face/names')
const { manifest, types } = require('./face/package')
const { makeHeaps } = require('./face/heaps')
const { live } = require('./face/process')

/** How many lines of a difference are shown; the rest is counted. */
const SHOWN = 30

/** All that users see of one checkout: sections of `name → text`. */
async function face (root, heaps, scratch) {
  return {
    ...manifest(root),
    ...types(root),
    ...names(root),
    ...await live(root, heaps, scratch),
    ...await commands(root, heaps, scratch)
  }
}

/** The lines that only one of the texts has, in order, each with its sign. */
function difference (before, after) {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const [inOld, inNow] = [new Set(old), new Set(now)]
  const lines = [...old.filter((line) => !inNow.has(line)).map((line) => `- ${line}`), ...now.filter((line) => !inOld.has(line)).map((line) => `+ ${line}`)]
  return lines.length > 0 ? lines : ['the same lines in another order, or another number of times']
}

function report (before, after) {
  const sections = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name])
  for (const name of sections) {
    console.log(`\n== ${name}`)
    const lines = before[name] === undefined ? ['+ is new'] : after[name] === undefined ? ['- is gone'] : difference(before[name], after[name])
    console.log(lines.slice(0, SHOWN).join('\n'))
    if (lines.length > SHOWN) console.log(`… and ${lines.length - SHOWN} lines more`)
  }
  console.log(sections.length === 0 ? `Nothing differs (${Object.keys(after).length} things compared).` : `\n${sections.length} of ${Object.keys(after).length} differ.`)
  return sections.length === 0 ? 0 : 1
}

/** A checkout's folder, which must have been built: without its addon JavaScript's stand-in would be compared. */
function checkout (given) {
  const root = fs.realpathSync(given)
  const native = path.join(root, 'native')
  if (!fs.existsSync(native) || !fs.readdirSync(native).some((name) => name.endsWith('.node'))) throw new Error(`${root} has no addon: npm run build`)
  return root
}

async function main () {
  const { operands, misused } = commandLine('usage: node scripts/compare-face.js OLD NEW', { operands: 2 })
  if (operands.length < 2) misused('two checkouts are compared')
  const { dir: scratch } = scratchFolder('heapwarden-face-')
  const roots = operands.map(checkout)
  const heaps = await makeHeaps(scratch)
  const [before, after] = await Promise.all(roots.map((root, index) => face(root, heaps, path.join(scratch, String(index)))))
  process.exitCode = report(before, after)
}

// 1 says that something differs.
main().catch((error) => {
  console.error(error.message)
  process.exitCode = 3
})

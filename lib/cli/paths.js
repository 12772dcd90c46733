'use strict'

// `heapwarden paths`: who holds an object, or the instances of a class.

const path = require('node:path')
const { args, check, commandLine, common, flags, given, help, helpOf, number, places, target } = require('./analysis')
const { own } = require('../analysis/options')
const { printable, printableJson } = require('../base/printable')
const { withProgress } = require('./progress')
const { UsageError, print } = require('./terminal')
const { bytes, cut, number: count, widthOf } = require('./table')

const usage = `usage: heapwarden paths FILE --class NAME | --id N [OPTION…]

Who holds an object, or the instances of a class: the shortest ways from the roots, as a developer writes them.
FILE is a snapshot, plain or packed as zstd or gzip; a folder of them (the newest), a pipe, or - for standard input.
A heap image, or its bundle, is thawed first.

  heapwarden paths leak.heapsnapshot.zst --class Session
  heapwarden paths leak.heapsnapshot.zst --id 48213

  --class NAME        the class whose instances are held; ways that many of them share come first
  --id N              the object with this id, as \`summary\` and DevTools show it (@N)
${helpOf(own.findPaths)}
${help}`

/** As editors count: from 1. */
function place (location) {
  if (location === undefined) return ''
  const script = location.script === undefined ? `script ${location.scriptId}` : path.basename(location.script)
  return ` (${script}:${location.line + 1}:${location.column + 1})`
}

/** What a step leads to: its name where that says more than its class. */
const label = ({ name, className, type }) => type === 'closure' && name !== '' ? `${name}()` : name || className

function printPath ({ target: to, count: instances, retainedSize, also = false, steps, omitted = 0, text }, width) {
  const fit = (line) => width === 0 ? printable(line) : cut(printable(line), width)
  const what = instances === undefined
    ? `@${to.id} ${to.name}, retains ${bytes(to.retainedSize)}`
    : `${also ? 'also ' : ''}${count(instances)} of ${to.className}, together they retain ${bytes(retainedSize)}`
  const lines = steps.map(({ edge, edgeType, node }) =>
    fit(`    ${edgeType} ${edge} → ${label(node)} @${node.id}${place(node.location)}, retains ${bytes(node.retainedSize)}`))
  // Of a very long way its middle is left out.
  if (omitted > 0) lines.splice(steps.length / 2, 0, `    … ${count(omitted)} more steps …`)
  return [fit(what), `  ${printable(text)}`, ...lines].join('\n')
}

async function paths (argv) {
  const { values, positionals } = args(argv, { ...flags, id: { type: 'string' } }, { positionals: 1 })
  if (positionals.length === 0) throw new UsageError('which FILE?')
  if ((values.class === undefined) === (values.id === undefined)) throw new UsageError('whose? either --class NAME or --id N')
  const whose = target(values.class === undefined ? { id: number(values.id.replace(/^@/, ''), '--id') } : { className: values.class })
  const options = check('findPaths', given({ ...common(values), limit: values.top && number(values.top, '--top') }))
  const analysis = require('../analysis')
  const result = await withProgress((onProgress) => analysis.paths(places(positionals)[0], whose, given({ ...options, onProgress }), commandLine))
  if (values.json) await print(printableJson(result))
  else if (result.length === 0) await print('nothing holds it: it is garbage, or a root itself')
  else await print(result.map((one) => printPath(one, widthOf(process.stdout, values.wide))).join('\n\n'))
  return 0
}

module.exports = { paths, printPath, usage }

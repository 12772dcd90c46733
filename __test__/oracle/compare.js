'use strict'

// Where our numbers and DevTools' differ.
//
//   node __test__/oracle/compare.js FILE…

const devtools = require('./devtools')
const engine = require('./engine')

const EXAMPLES = 5

/** Differences of one kind: how many, and what the first look like. */
class Kind {
  count = 0
  examples = []

  constructor (name) {
    this.name = name
  }

  add (example) {
    if (this.count++ < EXAMPLES) this.examples.push(example())
  }

  lines () {
    return this.count === 0 ? [] : [`${this.name}: ${this.count} differ`, ...this.examples.map((line) => `   ${line}`)]
  }
}

function nodes (theirs, ours, snapshot) {
  const name = (ordinal) => {
    const { id, type, name } = devtools.describe(snapshot, ordinal)
    return `node ${ordinal} @${id} ${type} ${JSON.stringify(name.slice(0, 80))}`
  }
  return Object.keys(theirs).map((column) => {
    const kind = new Kind(column)
    const [expected, actual] = [theirs[column], ours[column]]
    if (expected.length !== actual.length) kind.add(() => `there are ${actual.length} nodes, DevTools has ${expected.length}`)
    else {
      const show = column === 'dominators' ? name : (_, value) => value
      for (let i = 0; i < expected.length; i++) {
        if (expected[i] === actual[i]) continue
        kind.add(() => `${name(i)}: ${show(actual[i], actual[i])}; DevTools: ${show(expected[i], expected[i])}`)
      }
    }
    return kind
  })
}

function classNames (snapshot, { classOf, classes }) {
  const kind = new Kind('class names')
  const node = snapshot.createNode(0)
  const seen = new Set()
  for (let ordinal = 0; ordinal < classOf.length; ordinal++) {
    node.nodeIndex = ordinal * snapshot.nodeFieldCount
    // A pair of our class and DevTools' is looked at once.
    const pair = classOf[ordinal] * 2 ** 26 + node.classIndex()
    if (seen.has(pair)) continue
    const [ours, theirs] = [classes[classOf[ordinal]].name, node.className()]
    if (ours === theirs) seen.add(pair)
    else kind.add(() => `node ${ordinal} @${node.id()} ${node.type()}: ${JSON.stringify(ours)}; DevTools: ${JSON.stringify(theirs)}`)
  }
  return kind
}

/** What nodes are called on the screen; of ours only the hashes are here. */
function displayNames (snapshot, { names }) {
  const kind = new Kind('names')
  const node = snapshot.createNode(0)
  for (let ordinal = 0; ordinal < names.length; ordinal++) {
    node.nodeIndex = ordinal * snapshot.nodeFieldCount
    const name = node.name()
    if (engine.hash(name) !== names[ordinal]) kind.add(() => `node ${ordinal} @${node.id()} ${node.type()}: not ${JSON.stringify(name)}`)
  }
  return kind
}

/** Rows by their keys; where a key has several, they stand in the order of their first nodes. */
function table (name, theirs, ours) {
  const kind = new Kind(name)
  const group = (rows) => {
    const groups = new Map()
    for (const { key, name, count, self, retained, distance } of rows) {
      const row = JSON.stringify({ name, count, self, retained, distance })
      groups.set(key, groups.has(key) ? `${groups.get(key)} and ${row}` : row)
    }
    return groups
  }
  const [expected, actual] = [group(theirs), group(ours)]
  for (const [key, row] of expected) {
    if (actual.get(key) !== row) kind.add(() => `${key}: ${actual.get(key) ?? 'none'}; DevTools: ${row}`)
  }
  for (const [key, row] of actual) if (!expected.has(key)) kind.add(() => `${key}: ${row}; DevTools: none`)
  return kind
}

function record (name, theirs, ours) {
  const kind = new Kind(name)
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    if (theirs[key] !== ours[key]) kind.add(() => `${key}: ${ours[key]}; DevTools: ${theirs[key]}`)
  }
  return kind
}

/**
 * @param {object} ours of engine.js
 * @param {object} snapshot DevTools' own
 * @returns {string[]} none: the same
 */
function differences (ours, snapshot) {
  const own = ours.classes.filter(({ count }) => count > 0).sort((a, b) => a.first - b.first)
  const kinds = [
    ...nodes(devtools.columns(snapshot), ours.columns, snapshot),
    classNames(snapshot, ours),
    displayNames(snapshot, ours),
    table('classes', devtools.innerClasses(snapshot), own),
    table('classes as shown', devtools.classes(snapshot), ours.ranking.map((index) => ours.classes[index])),
    record('statistics', devtools.statistics(snapshot), ours.statistics)
  ]
  return kinds.flatMap((kind) => kind.lines())
}

async function main () {
  for (const file of process.argv.slice(2)) {
    const ours = await engine.load(file)
    const found = differences(ours, await devtools.load(file))
    console.log([`${file}: ${ours.nodes} nodes, ${found.length === 0 ? 'no difference' : 'DIFFERENT'}`, ...found].join('\n'))
    if (found.length > 0) process.exitCode = 1
  }
}

module.exports = { differences }

if (require.main === module) main()

'use strict'

// Where our numbers and DevTools' differ.
//
//   node __test__/oracle/compare.js FILE…
//   node __test__/oracle/compare.js --diff BEFORE AFTER

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

/** Rows by their keys; where a key has several, they stand in their order. */
function table (name, theirs, ours) {
  const kind = new Kind(name)
  const group = (rows) => {
    const groups = new Map()
    for (const { key, ...numbers } of rows) groups.set(key, [...groups.get(key) ?? [], JSON.stringify(numbers)])
    return groups
  }
  const [expected, actual] = [group(theirs), group(ours)]
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    const [one, other] = [expected, actual].map((groups) => groups.get(key)?.join(' and ') ?? 'none')
    if (one !== other) kind.add(() => `${key}: ${other}; DevTools: ${one}`)
  }
  return kind
}

/** Numbers of a class, without how it is told from others. */
const rowOf = ({ key, count, self, retained, distance }) => ({ key, count, self, retained, distance })

/** In their order; our texts are for human eyes, so lone surrogates are replaced. */
function duplicates (snapshot, { duplicates }) {
  const kind = new Kind('duplicate strings')
  const theirs = devtools.duplicates(snapshot).map(({ text, ...numbers }) => JSON.stringify({ text: text.toWellFormed(), ...numbers }))
  const ours = duplicates.map(({ text, count, shallowSize, retainedSize, length }) =>
    JSON.stringify({ text, count, self: shallowSize, retained: retainedSize, length }))
  for (let i = 0; i < Math.max(theirs.length, ours.length); i++) {
    if (theirs[i] !== ours[i]) kind.add(() => `${i}: ${ours[i] ?? 'none'}; DevTools: ${theirs[i] ?? 'none'}`)
  }
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
    table('classes', devtools.innerClasses(snapshot).map(rowOf), own.map(rowOf)),
    table('classes as shown', devtools.classes(snapshot).map(rowOf), ours.ranking.map((index) => rowOf(ours.classes[index]))),
    record('statistics', devtools.statistics(snapshot), ours.statistics),
    duplicates(snapshot, ours)
  ]
  return kinds.flatMap((kind) => kind.lines())
}

/**
 * The same of the comparison of two snapshots.
 * @param {object[]} ours rows of engine.js
 * @param {object[]} theirs rows of devtools.js
 */
function differencesOfDiff (ours, theirs) {
  // Names are for human eyes here too.
  const shown = theirs.map(({ key, ...numbers }) => ({ key: key.toWellFormed(), ...numbers }))
  return table('comparison', shown, ours).lines()
}

function tell (what, found) {
  console.log([`${what}: ${found.length === 0 ? 'no difference' : 'DIFFERENT'}`, ...found].join('\n'))
  if (found.length > 0) process.exitCode = 1
}

async function main (files) {
  if (files[0] === '--diff') {
    const [, before, after] = files
    const theirs = devtools.diff(await devtools.load(before), await devtools.load(after))
    return tell(`${theirs.length} classes`, differencesOfDiff(await engine.diff(before, after), theirs))
  }
  for (const file of files) {
    const ours = await engine.load(file)
    tell(`${file}: ${ours.nodes} nodes`, differences(ours, await devtools.load(file)))
  }
}

module.exports = { differences, differencesOfDiff }

if (require.main === module) main(process.argv.slice(2))

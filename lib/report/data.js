'use strict'

// What of an analysis goes into the page, cut to what a page can show: a heap may hold anything, in any length.

/** Characters of a text that is shown somewhere; explanations are shorter. */
const LONGEST = 2_000
/** Of a class's name, a text that is there twice. */
const NAME = 300
const MOST = { suspects: 20, holders: 10, steps: 80, classes: 1_000, strings: 200, examples: 10 }

const cut = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text

/** The same value, no text of which is longer than LONGEST. */
function cutTexts (value) {
  if (typeof value === 'string') return cut(value, LONGEST)
  if (Array.isArray(value)) return value.map(cutTexts)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cutTexts(one)]))
}

function suspect ({ path, holders = [], holderTexts = [], keys, ...rest }) {
  const half = MOST.steps / 2
  return {
    ...rest,
    path: path.length > MOST.steps ? [...path.slice(0, half), ...path.slice(-half)] : path,
    stepsLeftOut: Math.max(0, path.length - MOST.steps),
    // The texts are shown, and how many more there are.
    holders: holders.map(() => null),
    holderTexts: holderTexts.slice(0, MOST.holders),
    keys: keys && { ...keys, examples: keys.examples.slice(0, MOST.examples) }
  }
}

function summaryOf ({ nodes, totalSize, statistics, classes, duplicateStrings }) {
  return {
    nodes,
    totalSize,
    statistics,
    classes: classes.slice(0, MOST.classes).map(({ name, count, shallowSize, retainedSize, distance }) => ({ name: cut(name, NAME), count, shallowSize, retainedSize, distance })),
    duplicateStrings: duplicateStrings.slice(0, MOST.strings).map(({ text, count, retainedSize, truncated }) => ({ text: cut(text, NAME), count, retainedSize, truncated: truncated || text.length > NAME }))
  }
}

/**
 * @param {{ report: object, summary: object, classCount?: number, tree: object[] }} found
 * @param {{ version: string, made: string }} about
 */
function pageData ({ report, summary, classCount = summary.classes.length, tree }, about) {
  const suspects = report.suspects.slice(0, MOST.suspects).map(suspect)
  return cutTexts({ report: { ...report, suspects }, summary: summaryOf(summary), classCount, tree, about })
}

module.exports = { MOST, pageData }

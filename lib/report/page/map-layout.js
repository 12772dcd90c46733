'use strict'

// The map of the heap before it is drawn: the rows as a tree with their places, what they are called, what a search finds.

const { bytes, cut, number, percent, plural } = require('./text')

/** How a row is coloured. */
function categoryOf ({ smaller, type = '', name, className }) {
  if (smaller !== undefined) return 'rest'
  if (/string/.test(type)) return 'string'
  if (type === 'code' || type === 'closure') return 'code'
  if (type === 'native' || /Buffer|JSArrayBufferData|Uint8Array/.test(className)) return 'native'
  if (type === 'array' || /^(Map|Set|Array|WeakMap|WeakSet)$/.test(className)) return 'collection'
  if (type === 'synthetic' || type === 'hidden' || /^(system \/|captured variables)/.test(name)) return 'system'
  return 'object'
}

/** What its parent calls it: a property, a variable, a place in an array. Roots have numbers only. */
function heldAs ({ edge, edgeType, ofRoots }) {
  if (edge === undefined || ofRoots) return ''
  if (edgeType === 'property' || edgeType === 'context') return edge
  if (edgeType === 'element') return `[${edge}]`
  return edgeType === 'internal' && (edge === 'table' || edge === 'elements') ? edge : ''
}

/** What stands on it. */
function titleOf (row) {
  if (row.smaller !== undefined) {
    const all = row.ofThatClass === row.smaller
    return row.name === '' ? `… ${number(row.smaller)} smaller` : `… ${number(row.smaller)} smaller, ${all ? 'all' : 'mostly'} ${row.name}`
  }
  const held = heldAs(row)
  const what = row.type === 'closure' ? `${row.name || 'anonymous'}()` : row.name || row.className
  const times = row.times === undefined ? '' : ` × ${number(row.times)}, each holds the next`
  return `${held !== '' && held !== row.name ? `${held}: ` : ''}${what}${times}`
}

/** Its size in words, too. */
const labelOf = ({ data, value }, total) => `${titleOf(data)}, ${bytes(value)}, ${percent(total > 0 ? value / total : 0)} of the heap`

/** What is said of a row that is looked at: pairs of a name and a value. */
function factsOf ({ data, value, children = [] }, total) {
  const shown = children.reduce((sum, child) => sum + child.value, 0)
  if (data.smaller !== undefined) {
    return [
      ['Objects', number(data.smaller)], data.name !== '' && ['Of them', `${number(data.ofThatClass)} of ${data.name}`],
      ['Together', `${bytes(value)}, ${percent(value / total)} of the heap`]
    ].filter(Boolean)
  }
  return [
    ['Class', data.className],
    data.edge !== undefined && !data.ofRoots && ['Held as', { property: `property ${data.edge}`, context: `variable ${data.edge}`, element: `element ${data.edge}` }[data.edgeType] ?? `${data.edgeType} ${data.edge}`],
    data.place !== undefined && ['Where', data.place],
    ['Retains', `${bytes(value)}, ${percent(value / total)} of the heap`],
    ['Itself', bytes(data.shallowSize)],
    data.times !== undefined && ['Chain', `${plural(data.times, 'link')}, each of which holds the next`],
    value - data.shallowSize - shown > value / 100 && ['Not shown', `${bytes(value - data.shallowSize - shown)} in smaller or deeper parts`],
    ['Id', `@${data.id}`]
  ].filter(Boolean)
}

/** Rows as d3 lays them out: `x0`…`x1` of 0…1 is a node's width. */
function layOut (rows) {
  const told = rows.map((row) => ({ ...row, ofRoots: rows[row.parent]?.type === 'synthetic' }))
  const root = d3.stratify().id((_, index) => String(index)).parentId(({ parent }) => parent === null ? undefined : String(parent))(told)
  root.each((node) => {
    node.value = node.data.retainedSize
    node.category = categoryOf(node.data)
    node.words = [titleOf(node.data), node.data.className, node.data.place].filter(Boolean).join('\n').toLowerCase()
  })
  // A snapshot may claim sizes that do not add up: nothing is wider than what it is in.
  return d3.partition()(root)
}

/** All that have `text` in their names, and what they retain together: what is within another counts once. */
function search (root, text) {
  const wanted = text.trim().toLowerCase()
  const found = wanted === '' ? [] : root.descendants().filter(({ words }) => words.includes(wanted))
  const all = new Set(found)
  const within = (node) => node.ancestors().slice(1).some((above) => all.has(above))
  return { found, size: found.filter((node) => !within(node)).reduce((sum, { value }) => sum + value, 0) }
}

const short = (node) => cut(titleOf(node.data), 40)

module.exports = { categoryOf, factsOf, labelOf, layOut, search, short, titleOf }

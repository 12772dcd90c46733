'use strict'

// A path as a picture: a box for each thing that a developer has written or would name, an arrow for how it holds the next.
// V8's own pieces in between (scopes, tables, backing stores) are part of the arrows.

const { el } = require('./dom')
const { bytes, cut, number, place } = require('./text')

/** Of a long path its beginning is Node's and V8's, its end the program's. */
const [HEAD, TAIL] = [1, 5]
/** Boxes that are shown without leaving any out. */
const ALL = 6
const LONGEST = 90

const ROOTS = {
  '(Global handles)': 'native code', '(Eternal handles)': 'native code', '(Traced handles)': 'native code',
  '(Handle scope)': 'running code', '(Stack roots)': 'running code', '(Thread manager)': 'running code',
  '(Micro tasks)': 'waiting promise jobs', '(Compilation cache)': "V8's cache of compiled code", '(GC roots)': 'V8'
}

/** V8 of Chrome says more after it: `system / Context / scope @5`. */
const isScope = ({ name }) => /^system \/ Context($| \/ )/.test(name)
const isGlobal = ({ name, type }) => name === 'system / NativeContext' || (type === 'object' && /^global( \(|$)/.test(name))
const isInner = (node) => !isGlobal(node) && (isScope(node) || ['array', 'hidden', 'code', 'object shape'].includes(node.type))

/** What a box is called. */
function nameOf (node) {
  if (isGlobal(node)) return 'global'
  if (node.type === 'synthetic') return ROOTS[node.name] ?? (node.name || 'the roots')
  if (node.type === 'closure') return `${node.name || 'anonymous function'}()`
  if (/string$/.test(node.type)) return `"${cut(node.name, 40)}"`
  return cut(node.name || node.className, LONGEST)
}

/** Names of V8's own ways, which nobody has written. */
const SILENT = new Set(['elements', 'properties', 'value', 'table', 'shared', 'map', 'native_context', 'global_object', 'parameters_and_registers', 'previous', 'extension'])

/** How `from` holds what the edge leads to, in a few words; none for V8's own ways. */
function words (edge, edgeType, from) {
  if (from === undefined || from.type === 'synthetic') return ''
  if (edgeType === 'context') return `variable ${edge}`
  if (edgeType === 'property') return edge.startsWith('<symbol ') ? `[${edge.slice(8).replace(/>$/, '')}]` : edge === '…' ? '[…]' : `.${edge}`
  if (edgeType === 'element') return `[${edge}]`
  if (edgeType === 'internal') {
    if (edge === 'context') return 'captures'
    if (edge === 'reactions_or_result') return 'when settled'
    if (/^\d+$|^…$/.test(edge)) return from.type === 'array' ? 'entry' : ''
    if (/pair in WeakMap/.test(edge)) return 'value in a WeakMap'
    return SILENT.has(edge) ? '' : `[[${edge}]]`
  }
  if (edgeType === 'hidden') return isScope(from) ? 'a variable' : ''
  return ''
}

/**
 * The boxes of a suspect's path: what is seen and how it was got to.
 * @returns {Array<{ name, of?, via, place?, retained?, role?: 'holder'|'leaked' }|{ left: number }>} `of`: the class, where the name is another
 */
function boxes ({ path, holder, count, className, retainedSize, entry }) {
  const found = []
  let via = []
  path.forEach(({ edge, edgeType, node }, index) => {
    const last = index === path.length - 1
    via.push(words(edge, edgeType, path[index - 1]?.node))
    const isHolder = node.id === holder?.id
    if (!isHolder && !last && (isInner(node) || (node.type === 'synthetic' && path[index + 1].node.type === 'synthetic'))) return
    // A table of entries is no more than what it belongs to.
    if (last && !isHolder && isInner(node) && found.length > 0) return
    const text = via.filter(Boolean)
    // What it is called in the program says more than its class.
    const name = isHolder && holder.name !== '' ? cut(holder.name, LONGEST) : nameOf(node)
    found.push({ name, of: isHolder && holder.name !== holder.className ? holder.className : '', via: text.join(' '), place: place(node.location), retained: node.retainedSize, role: isHolder ? 'holder' : undefined })
    via = []
  })
  const last = path.at(-1)?.node
  if (count > 1 && last !== undefined) {
    const many = `${number(count)} × ${cut(entry?.looksLike ?? className, LONGEST)}`
    if (found.at(-1).role !== 'holder' && last.className === className) Object.assign(found.at(-1), { name: many, retained: retainedSize, role: 'leaked' })
    else found.push({ name: many, via: 'holds', retained: retainedSize, role: 'leaked' })
  }
  if (found.length <= ALL) return found
  return [...found.slice(0, HEAD), { left: found.length - HEAD - TAIL }, ...found.slice(-TAIL)]
}

const ROLES = { holder: 'holds it', leaked: 'what is held' }

function box ({ name, of = '', via, place, retained, role, left }, total) {
  if (left) return el('li.gap', {}, `… ${left} more …`)
  const share = total > 0 ? Math.min(1, retained / total) : 0
  return el('li', { 'data-role': role },
    el('span.arrow', {}, via !== '' && el('span.via', {}, via), el('span.line', { 'aria-hidden': 'true' })),
    el('span.box', {},
      role && el('span.role', {}, ROLES[role]),
      el('code.name', {}, name, of !== '' && el('small', {}, ` ${cut(of, LONGEST)}`)),
      place !== undefined && place !== '' && el('code.place', {}, place),
      retained !== undefined && el('span.size', {}, bytes(retained), el('span.bar', { 'aria-hidden': 'true' }, el('span', { style: { width: `${share * 100}%` } })))))
}

/** Each step as V8 has it, for who wants to follow it in a debugger. */
function steps ({ path, stepsLeftOut = 0 }) {
  return el('details.steps', {},
    el('summary', {}, stepsLeftOut > 0 ? `${path.length} steps of ${path.length + stepsLeftOut}: the first and the last` : `All ${path.length} steps`),
    el('ol', {}, path.map(({ edge, edgeType, node }) => el('li', {},
      `${edgeType} `, el('code', {}, cut(edge, LONGEST)), ' → ', el('code', {}, nameOf(node)), ` @${node.id}`, node.location && [' ', el('code', {}, place(node.location))], `, ${bytes(node.retainedSize)}`))))
}

/** The picture, the path as one would write it, and all of it. */
function picture (suspect, total) {
  const all = boxes(suspect)
  return el('figure.path', {},
    all.length > 0 && el('ol', { 'aria-label': 'Path from the roots' }, all.map((one) => box(one, total))),
    el('figcaption', {}, el('code', {}, cut(suspect.pathText, 1000))),
    suspect.path.length > 0 && steps(suspect))
}

module.exports = { boxes, picture }

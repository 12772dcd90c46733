'use strict'

// The map of the heap: an icicle. Each row of it holds the one below; width is what would go with it. It zooms by click or
// Enter, is walked through by arrow keys, and searched.

const { el, fill } = require('./dom')
const { factsOf, labelOf, layOut, search, short, titleOf } = require('./map-layout')
const { bytes, percent, plural } = require('./text')

/** Rows that are drawn below the one that is zoomed to. */
const LEVELS = 14
const ROW = 28
/** What is narrower, in pixels, is not drawn; a name wants this, and a name with its size. */
const NARROWEST = 3
const NAMED = 30
const SIZED = 130

const CATEGORIES = { object: 'objects', collection: 'collections', string: 'strings', code: 'functions, code', native: 'Buffers, native', system: 'V8, roots', rest: 'smaller ones' }

const KEYS = 'By keys: Enter zooms in, Escape zooms out, arrows walk: down to what something holds, up to what holds it, left and right to its neighbours.'

/** Starts at `rows`; `marks`: ids of objects and the suspects' numbers. Gives its element and `show(id)`. */
function heapMap (rows, marks) {
  const root = layOut(rows)
  const total = root.value
  let [focus, selected] = [root, root]
  let hits = { found: [], size: 0 }
  let at = -1

  const cells = el('div.cells', { role: 'tree', 'aria-label': 'Who retains what' })
  const crumbs = el('ol.crumbs')
  const facts = el('div.facts-of', { 'aria-live': 'polite' })
  const said = el('span.said', { 'aria-live': 'polite' })
  const input = el('input', { type: 'search', id: 'map-search', autocomplete: 'off', spellcheck: false })
  const next = el('button.quiet', { type: 'button', disabled: true }, 'Next match')

  function cell (node, width) {
    const left = (node.x0 - focus.x0) / (focus.x1 - focus.x0)
    const share = (node.x1 - node.x0) / (focus.x1 - focus.x0)
    const isHit = hits.found.includes(node)
    const mark = marks.get(node.data.id)
    const [title, size, more] = [short(node), bytes(node.value), `, ${percent(total > 0 ? node.value / total : 0)} of the heap`]
    // What there is no room for is still read out.
    const words = width < NAMED
      ? el('span.unseen', {}, `${title}, ${size}${more}`)
      : [mark !== undefined && el('span.mark', {}, el('span.unseen', {}, 'suspect '), String(mark)), el('span.title', {}, title),
        el(width < SIZED ? 'span.unseen' : 'span.size', {}, size), el('span.unseen', {}, more)]
    const one = el(`div.cell.${node.category}`, {
      role: 'treeitem',
      tabIndex: node === selected ? 0 : -1,
      title: `${labelOf(node, total)}${mark === undefined ? '' : `, suspect ${mark}`}`,
      'aria-level': String(node.depth + 1),
      'aria-selected': String(node === selected),
      style: { left: `${left * 100}%`, width: `${share * 100}%`, top: `${(node.depth - focus.depth) * ROW}px` },
      on: { click: () => zoom(node), focus: () => select(node, false) }
    }, words)
    if (input.value.trim() !== '') one.classList.add(isHit ? 'hit' : 'dim')
    node.cell = one
    return one
  }

  function draw () {
    const width = cells.clientWidth || 800
    root.each((node) => { node.cell = undefined })
    const drawn = []
    const open = [focus]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const wide = (node.x1 - node.x0) / (focus.x1 - focus.x0) * width
      if (node.depth - focus.depth >= LEVELS || (wide < NARROWEST && node !== selected)) continue
      drawn.push(cell(node, wide))
      open.push(...(node.children ?? []).toReversed())
    }
    const levels = 1 + Math.max(...drawn.map((one) => Number(one.getAttribute('aria-level')))) - (focus.depth + 1)
    cells.style.setProperty('height', `${levels * ROW}px`)
    const hadFocus = cells.contains(document.activeElement)
    fill(cells, drawn)
    if (selected.cell === undefined) select(focus, false)
    if (hadFocus) selected.cell.focus()
    fill(crumbs, focus.ancestors().toReversed().map((node) => el('li', {},
      node === focus ? el('span', { 'aria-current': 'true' }, short(node)) : el('button.link', { type: 'button', on: { click: () => zoom(node) } }, short(node)))))
  }

  function select (node, move = true) {
    if (selected.cell) {
      selected.cell.tabIndex = -1
      selected.cell.setAttribute('aria-selected', 'false')
    }
    selected = node
    if (node.cell) {
      node.cell.tabIndex = 0
      node.cell.setAttribute('aria-selected', 'true')
      if (move) node.cell.focus()
    }
    fill(facts, el('p.name', {}, el('code', {}, titleOf(node.data))),
      el('dl', {}, factsOf(node, total).map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))))
  }

  function zoom (node) {
    focus = node
    select(node, false)
    draw()
  }

  /** To a neighbour that is drawn; where there is none the view follows. */
  function walk (key) {
    const siblings = selected.parent?.children ?? [selected]
    const place = siblings.indexOf(selected)
    const to = { ArrowDown: selected.children?.[0], ArrowUp: selected.parent, ArrowLeft: siblings[place - 1], ArrowRight: siblings[place + 1], Home: root }[key]
    if (!to) return
    if (to.cell) return select(to)
    if (key === 'ArrowUp' || key === 'Home') zoom(to)
    else zoom(to.parent)
    select(to)
    if (!to.cell) draw()
  }

  cells.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    if (/^(Arrow(Up|Down|Left|Right)|Home)$/.test(event.key)) walk(event.key)
    else if (event.key === 'Enter' || event.key === ' ') zoom(selected)
    else if (event.key === 'Escape') zoom(focus.parent ?? root)
    else return
    event.preventDefault()
  })

  function find () {
    at = -1
    hits = search(root, input.value)
    const { found, size } = hits
    fill(said, input.value.trim() === '' ? '' : found.length === 0 ? 'Nothing is called that.' : `${plural(found.length, 'match', 'matches')}, together ${bytes(size)} (${percent(size / total)})`)
    next.disabled = found.length === 0
    draw()
  }

  function toNext () {
    if (hits.found.length === 0) return
    at = (at + 1) % hits.found.length
    show(hits.found[at])
    fill(said, `Match ${at + 1} of ${hits.found.length}`)
  }

  /** Zooms so that a node is seen within what holds it. */
  function show (node) {
    const least = (node.x1 - node.x0) * 12
    zoom(node.ancestors().slice(1).find(({ x0, x1, depth }) => x1 - x0 >= least || node.depth - depth >= 4) ?? node.parent ?? root)
    select(node, false)
    if (!node.cell) zoom(node.parent ?? root)
    select(node, false)
  }

  input.addEventListener('input', find)
  input.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') toNext()
    if (key !== 'Escape') return
    input.value = ''
    find()
  })
  next.addEventListener('click', toNext)
  new ResizeObserver(draw).observe(cells)
  select(root, false)

  const out = el('button.quiet', { type: 'button', on: { click: () => zoom(root) } }, 'Whole heap')
  const element = el('section', { id: 'map', 'aria-labelledby': 'map-title' },
    el('h2', { id: 'map-title' }, 'Map of the heap'),
    el('p', {}, 'Each box holds those below it; its width is what would be freed with it.', el('span.screen', {}, ' A click zooms in, one above it zooms out. ', el('span.keys', {}, KEYS))),
    el('div.tools', {}, el('label', { for: 'map-search' }, 'Search'), input, next, out, said),
    el('nav', { 'aria-label': 'Zoomed to' }, crumbs),
    cells,
    el('ul.legend', {}, Object.entries(CATEGORIES).map(([name, text]) => el('li', {}, el(`span.swatch.${name}`, { 'aria-hidden': 'true' }), text))),
    facts)
  const byId = new Map(root.descendants().filter(({ data }) => data.id !== undefined).map((node) => [node.data.id, node]))
  return { element, has: (id) => byId.has(id), show: (id) => { show(byId.get(id)); element.scrollIntoView(); selected.cell?.focus({ preventScroll: true }) } }
}

module.exports = { heapMap }

'use strict'

// Tables that are sorted by their heads and filtered by a text.

const { el, fill } = require('./dom')
const { bytes, cut, number, percent, plural } = require('./text')

/** Rows that are shown before somebody asks for all. */
const FIRST = 20

/**
 * @param {object} what
 * @param {string} what.id
 * @param {string} what.caption
 * @param {Array<{ head, value: (row) => any, cell: (row) => any, text?: boolean, wide?: boolean }>} what.columns `value`: what it is sorted by;
 *   `wide`: left out on a narrow screen
 * @param {object[]} what.rows
 * @param {(row) => string} what.textOf what the filter looks in
 */
function table ({ id, caption, columns, rows, textOf, filterLabel }) {
  let [by, falling, all, wanted] = [columns.findIndex(({ first }) => first), true, false, '']
  const body = el('tbody')
  const said = el('p.said', { 'aria-live': 'polite' })
  const more = el('button.quiet.more', { type: 'button', on: { click: () => { all = true; draw() } } })
  const heads = columns.map(({ head, text, wide }, index) => {
    const button = el('button', { type: 'button', on: { click: () => sort(index) } }, head)
    return el(['th', text ? '' : 'numeric', wide ? 'wide' : ''].filter(Boolean).join('.'), { scope: 'col' }, button)
  })

  function sort (index) {
    falling = index === by ? !falling : !columns[index].text
    by = index
    draw()
  }

  function draw () {
    const { value } = columns[by]
    const fitting = rows.filter((row) => wanted === '' || textOf(row).toLowerCase().includes(wanted))
    const order = fitting.map((row) => [value(row), row]).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (falling ? -1 : 1))
    const shown = all ? order : order.slice(0, FIRST)
    fill(body, shown.map(([, row]) => el('tr', {}, columns.map(({ cell, text, wide }) =>
      el(['td', text ? '' : 'numeric', wide ? 'wide' : ''].filter(Boolean).join('.'), {}, cell(row))))))
    heads.forEach((head, index) => head.setAttribute('aria-sort', index === by ? (falling ? 'descending' : 'ascending') : 'none'))
    fill(more, `Show all ${number(order.length)}`)
    more.hidden = shown.length === order.length
    fill(said, wanted === '' ? '' : fitting.length === 0 ? 'No row has this.' : `${plural(fitting.length, 'row')} of ${number(rows.length)}`)
  }

  const filter = el('input', {
    type: 'search',
    id: `${id}-filter`,
    autocomplete: 'off',
    spellcheck: false,
    on: { input: () => { wanted = filter.value.trim().toLowerCase(); draw() } }
  })
  draw()
  return el('div.table', {},
    el('div.tools', {}, el('label', { for: `${id}-filter` }, filterLabel), filter, said),
    el('div.scroll', { role: 'region', tabIndex: 0, 'aria-label': caption },
      el('table', {}, el('caption.unseen', {}, caption), el('thead', {}, el('tr', {}, heads)), body)),
    more)
}

function classes ({ summary, classCount }) {
  const total = summary.totalSize
  const distance = (value) => value < 0 || value >= 100_000_000 ? '–' : String(value)
  const left = classCount - summary.classes.length
  return el('section', { id: 'classes', 'aria-labelledby': 'classes-title' },
    el('h2', { id: 'classes-title' }, 'Classes'),
    el('p', {}, 'What would go with all objects of a class (retained), and they themselves (shallow). Classes overlap: one retains another.'),
    table({
      id: 'classes',
      caption: 'Classes by what they retain',
      filterLabel: 'Filter by name',
      rows: summary.classes,
      textOf: ({ name }) => name,
      columns: [
        { head: 'Class', text: true, value: ({ name }) => name, cell: ({ name }) => el('code', {}, cut(name, 160)) },
        { head: 'Objects', value: ({ count }) => count, cell: ({ count }) => number(count) },
        { head: 'Shallow', wide: true, value: ({ shallowSize }) => shallowSize, cell: ({ shallowSize }) => bytes(shallowSize) },
        { head: 'Retained', first: true, value: ({ retainedSize }) => retainedSize, cell: ({ retainedSize }) => bytes(retainedSize) },
        { head: 'Of heap', wide: true, value: ({ retainedSize }) => retainedSize, cell: ({ retainedSize }) => percent(retainedSize / total) },
        { head: 'Distance', wide: true, value: (row) => row.distance, cell: (row) => distance(row.distance) }
      ]
    }),
    left > 0 && el('p.said', {}, `${plural(left, 'smaller class', 'smaller classes')} are not in this file.`))
}

function strings ({ summary }) {
  if (summary.duplicateStrings.length === 0) return null
  return el('section', { id: 'strings', 'aria-labelledby': 'strings-title' },
    el('h2', { id: 'strings-title' }, 'Duplicate strings'),
    el('p', {}, 'Texts that several strings have. Many thousand of one may be worth sharing it.'),
    table({
      id: 'strings',
      caption: 'Duplicate strings by what they retain',
      filterLabel: 'Filter by text',
      rows: summary.duplicateStrings,
      textOf: ({ text }) => text,
      columns: [
        { head: 'Text', text: true, value: ({ text }) => text, cell: ({ text, truncated }) => el('code', {}, JSON.stringify(cut(text, 160)), truncated && '…') },
        { head: 'Strings', value: ({ count }) => count, cell: ({ count }) => number(count) },
        { head: 'Retained', first: true, value: ({ retainedSize }) => retainedSize, cell: ({ retainedSize }) => bytes(retainedSize) }
      ]
    }))
}

/** What kind of memory it is. */
function kinds ({ summary: { statistics, totalSize } }) {
  const { strings, code, jsArrays, typedArrays, system, native } = statistics
  const parts = [['strings', strings], ['code', code], ['arrays', jsArrays], ['Buffers', typedArrays], ['V8 itself', system], ['other native', native - typedArrays]]
  const objects = totalSize - parts.reduce((sum, [, size]) => sum + size, 0)
  const rows = [['objects', objects], ...parts].filter(([, size]) => size > 0).sort(([, a], [, b]) => b - a)
  return el('section', { id: 'kinds', 'aria-labelledby': 'kinds-title' },
    el('h2', { id: 'kinds-title' }, 'Kinds of memory'),
    el('ul.kinds', {}, rows.map(([name, size]) => el('li', {},
      el('span', {}, name), el('span.bar', { 'aria-hidden': 'true' }, el('span', { style: { width: `${100 * size / totalSize}%` } })),
      el('span.numeric', {}, `${bytes(size)}, ${percent(size / totalSize)}`)))))
}

module.exports = { classes, kinds, strings }

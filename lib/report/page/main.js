'use strict'

// The page: read from the data in it, section by section.

const { axis, chart } = require('./charts')
const { el } = require('./dom')
const { heapMap } = require('./map')
const { article } = require('./suspect')
const { classes, kinds, strings } = require('./tables')
const { bytes } = require('./text')
const { themeSwitch, watchTheme } = require('./theme')
const { contents, verdict } = require('./verdict')

const data = JSON.parse(document.getElementById('data').textContent)
const { report, tree, about } = data
const { suspects, snapshots, total } = report
const where = axis(snapshots)

/** Objects of the map that belong to a suspect: its holder first, else the lowest of its path that has a row. */
const shown = new Set(tree.map(({ id }) => id))
const places = suspects.map(({ holder, path }) => [holder.id, ...path.map(({ node }) => node.id).reverse()].find((id) => shown.has(id)))
const marks = new Map(places.map((id, index) => [id, index + 1]).filter(([id]) => id !== undefined).reverse())
const map = heapMap(tree, marks)

const growth = snapshots.length > 1 && el('section', { id: 'growth', 'aria-labelledby': 'growth-title' },
  el('h2', { id: 'growth-title' }, 'The heap over time'),
  el('div.charts', {}, chart('Whole heap', where, snapshots.map(({ totalSize }) => totalSize), bytes)))

const found = suspects.length > 0 && el('section', { id: 'suspects', 'aria-labelledby': 'suspects-title' },
  el('h2', { id: 'suspects-title' }, suspects.length === 1 ? 'The suspect' : 'Suspects'),
  suspects.map((suspect, index) => article(suspect, index, { total, where, show: places[index] !== undefined && (() => map.show(places[index])) })))

const words = el('section', { id: 'words', 'aria-labelledby': 'words-title' },
  el('h2', { id: 'words-title' }, 'Words'),
  el('dl.words', {}, [
    ['Retained', 'what would be freed if it went: itself, and all that only it keeps.'],
    ['Shallow', 'itself alone.'],
    ['Only by it', 'what no other suspect holds as well. Mending this one frees that much.'],
    ['Fingerprint', 'of the path without numbers and keys: the same bug has the same one in every process.'],
    ['Captured variables', 'the scope of functions: what any of them uses is kept for all of them.'],
    ['Distance', 'steps from the roots.']
  ].map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text)))))

const sections = [found, growth, map.element, kinds(data), classes(data), strings(data), words].filter(Boolean)

document.body.replaceChildren(
  el('header.top', {}, el('a.skip', { href: '#verdict' }, 'To the verdict'), el('p.brand', {}, el('strong', {}, 'heapwarden'), ' report'), themeSwitch()),
  el('main', {}, verdict(data), contents(sections.map((one) => [one.id, one.querySelector('h2').textContent])), sections),
  el('footer', {}, el('p', {}, `Made by heapwarden ${about.version} on ${about.made}. This file holds texts from the process's memory. It asks no network for anything.`)))

watchTheme()
document.documentElement.dataset.ready = ''

'use strict'

// One suspect: what it is in prose, how to mend it, how it is held, its figures.

const { chart } = require('./charts')
const { code, el, prose } = require('./dom')
const { picture } = require('./path')
const { bytes, cut, number, percent, place, plural, rate } = require('./text')
const { word } = require('./verdict')

const KINDS = {
  collection: 'collection', listeners: 'event listeners', timers: 'timers', closure: 'closure', promises: 'promises', buffers: 'Buffers',
  strings: 'strings', modules: 'modules', requests: 'requests', 'async-context': 'async context', context: 'vm context', worker: 'worker',
  native: 'native memory', weak: 'weak references', errors: 'errors', object: 'object'
}

const SHAPES = {
  flat: 'stays as it is', drains: 'drains', step: 'one step, and then slower', linear: 'grows steadily', saturating: 'slows down', onset: 'has begun to grow'
}

const row = (name, ...value) => [el('dt', {}, name), el('dd', {}, value)]

function holderPlace ({ file, line, column }) {
  if (file === undefined) return undefined
  return [file, line, column].filter((one) => one !== undefined).join(':')
}

function figures ({ holder, className, count, retainedSize, exclusiveSize, entry, keys, growth, confidence, fingerprint }) {
  const at = holderPlace(holder) ?? place(holder.location)
  return el('dl.facts', {},
    row('Holder', code(holder.name), at && [' at ', code(at)], el('small', {}, ` @${holder.id}`)),
    row('Entries', number(count), ' of ', code(className)),
    entry && row('An entry', code(entry.looksLike), `, ${bytes(entry.averageSize)} on average`),
    keys && row('Keys', `${keys.pattern}, ${number(keys.distinct)} different`,
      keys.examples.length > 0 && el('span.examples', {}, keys.examples.slice(0, 5).map((one) => code(cut(one, 80))))),
    exclusiveSize !== retainedSize && row('Only by it', bytes(exclusiveSize), el('small', {}, ' what mending this one holder frees')),
    growth && row('Growth', SHAPES[growth.shape] ?? growth.shape, growth.perMinute !== undefined && `, ${rate(growth.perMinute)}`),
    row('Confidence', percent(confidence)),
    row('Fingerprint', code(fingerprint)))
}

/** A link of the catalogue's: of the web, or none. */
function link (url) {
  return /^https?:\/\//.test(url) ? el('a', { href: url, rel: 'noopener noreferrer' }, url) : code(url)
}

function known ({ known: { id, name, url, versions, cure }, cure: usual }) {
  return el('aside.known', { 'aria-label': 'A known leak' },
    el('p', {}, el('strong', {}, 'This one is known: '), name !== undefined && [prose(name), ', '], code(id), versions === 'all' ? ', in all versions' : versions && [', in ', code(versions)], '. ', link(url)),
    cure && cure !== usual && el('p', {}, prose(cure)))
}

function others ({ holders = [], holderTexts = [] }) {
  if (holderTexts.length === 0) return null
  const left = holders.length - holderTexts.length
  return el('details.others', {},
    el('summary', {}, `Also held in ${plural(holderTexts.length, 'other way')}`),
    el('ul', {}, holderTexts.map((text) => el('li', {}, code(cut(text, 1000))))), left > 0 && `and ${left} more`)
}

function growthCharts ({ growth }, where) {
  if (growth === undefined || growth.perSnapshot.length !== where.xs.length || where.xs.length < 2) return null
  return el('div.charts', {},
    chart('Entries', where, growth.perSnapshot, number),
    growth.retainedSizes.length === where.xs.length && chart('Retained', where, growth.retainedSizes, bytes))
}

/**
 * @param {object} suspect
 * @param {number} index from 0
 * @param {{ total: number, where: object, show?: Function }} page `show`: shows it on the map, if that has it
 */
function article (suspect, index, { total, where, show }) {
  const id = `suspect-${index + 1}`
  return el('article.suspect', { id, 'data-verdict': suspect.verdict, 'aria-labelledby': `${id}-title` },
    el('header', {},
      el('p.kind', {}, el('span.number', {}, String(index + 1)), el('span', {}, KINDS[suspect.kind] ?? suspect.kind), el('span.tag', {}, word(suspect.verdict))),
      el('h3', { id: `${id}-title` }, prose(suspect.title)),
      el('div.share', {}, el('span.bar', { 'aria-hidden': 'true' }, el('span', { style: { width: `${Math.min(100, suspect.share * 100)}%` } })),
        el('span', {}, `${percent(suspect.share)} of the heap, ${bytes(suspect.retainedSize)}`))),
    el('div.columns', {},
      el('div.prose', {},
        el('p.explanation', {}, prose(suspect.explanation)),
        el('div.cure', {}, el('h4', {}, 'Usual cure'), el('p', {}, prose(suspect.cure))),
        suspect.known && known(suspect)),
      figures(suspect)),
    el('h4', {}, 'How it is held'),
    picture(suspect, total),
    others(suspect),
    show && el('p.screen', {}, el('button.quiet', { type: 'button', on: { click: show } }, 'Show on the map')),
    growthCharts(suspect, where))
}

module.exports = { article }

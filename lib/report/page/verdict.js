'use strict'

// The first thing that is read: what was found, in a sentence, and how sure that is.

const { el, prose } = require('./dom')
const { bytes, duration, fileName, number, plural } = require('./text')

const VERDICTS = {
  leak: ['Leak', 'It grows, and does not give back.'],
  backlog: ['Backlog', 'It grows under load and gives back at rest: work that waits, not memory that is lost.'],
  large: ['Large', 'One snapshot tells what is large, not what grows. A second one, taken later, would tell.'],
  settling: ['Settling', 'It has grown and is slowing down: a cache that fills up, or a warm-up.'],
  none: ['No leak seen', 'Nothing in here grows without end, and nothing stands out.'],
  unknown: ['Not known yet', 'Too little was seen to say.']
}

const word = (verdict) => (VERDICTS[verdict] ?? [verdict])[0]

function figure (name, value, also) {
  return el('div', {}, el('dt', {}, name), el('dd', {}, value, also && el('small', {}, also)))
}

/** How it was found out. */
function evidence ({ confidence, snapshots }) {
  if (confidence === 'growth') return ['growth', `seen over ${plural(snapshots.length, 'snapshot')}`]
  return ['size alone', snapshots.length > 1 ? 'their growth could not be compared' : 'one snapshot']
}

function figures (report, nodes) {
  const { snapshots, suspects, total } = report
  const times = snapshots.map(({ at }) => at).filter((at) => typeof at === 'number')
  const span = times.length > 1 ? `over ${duration(times.at(-1) - times[0])}` : ''
  const grown = snapshots.length > 1 ? total - snapshots[0].totalSize : 0
  return el('dl.figures', {},
    figure('Heap', bytes(total), `${number(nodes)} objects`),
    snapshots.length > 1 && figure('Since the first', `${grown < 0 ? '−' : '+'}${bytes(Math.abs(grown))}`, span),
    figure('Evidence', ...evidence(report)),
    figure(suspects.length === 1 ? 'Suspect' : 'Suspects', number(suspects.length), suspects.some(({ known }) => known) ? 'one is known' : ''))
}

/** What a reader must know before believing any of it. */
function notes ({ missing = [], redacted, complete, damage, snapshots }) {
  const all = [
    !complete && `The snapshot is not whole, and sizes are too small. ${damage ?? ''}`,
    redacted && 'Texts in it were redacted: keys and strings are shown by marks, equal ones by equal marks.',
    ...missing.map((what) => `Missing: ${what}`)
  ].filter(Boolean)
  const files = snapshots.map(({ path }) => path ? fileName(path) : 'standard input')
  return [
    all.length > 0 && el('ul.notes', {}, all.map((one) => el('li', {}, prose(one)))),
    el('p.source', {}, 'From ', files.map((file, index) => [index > 0 && ', ', el('code', {}, file)]))
  ]
}

/** Where the page goes on. */
function contents (sections) {
  return el('nav.contents', { 'aria-label': 'Contents' }, el('ul', {}, sections.map(([id, title]) => el('li', {}, el('a', { href: `#${id}` }, title)))))
}

function verdict ({ report, summary }) {
  const [name, means] = VERDICTS[report.verdict] ?? [report.verdict, '']
  return el('section.verdict', { id: 'verdict', 'data-verdict': report.verdict, 'aria-labelledby': 'headline' },
    el('p.badge', {}, name),
    el('h1', { id: 'headline' }, prose(report.headline)),
    el('p.means', {}, means),
    figures(report, summary.nodes),
    notes(report))
}

module.exports = { contents, verdict, word }

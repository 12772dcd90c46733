'use strict'

// A report that fits into a ticket or a chat, whatever is in the heap. What is left out is said.

/** Characters that any answer stays below. */
const MOST = 30_000

/** How much is left, from much to little: steps of a path, other holders, characters of a text, snapshots, suspects. */
const LADDER = [
  { steps: 24, holders: 4, text: 4000, snapshots: 100, suspects: 32 },
  { steps: 12, holders: 4, text: 1500, snapshots: 50, suspects: 32 },
  { steps: 8, holders: 2, text: 800, snapshots: 20, suspects: 32 },
  { steps: 6, holders: 1, text: 400, snapshots: 12, suspects: 16 },
  { steps: 4, holders: 1, text: 300, snapshots: 8, suspects: 8 },
  { steps: 4, holders: 0, text: 200, snapshots: 6, suspects: 5 },
  { steps: 2, holders: 0, text: 150, snapshots: 4, suspects: 3 },
  { steps: 2, holders: 0, text: 100, snapshots: 4, suspects: 1 },
  { steps: 0, holders: 0, text: 60, snapshots: 2, suspects: 1 }
]

/** The first and the last of a list. */
function ends (list, most) {
  if (list.length <= most) return list
  return [...list.slice(0, Math.ceil(most / 2)), ...(most > 1 ? list.slice(-Math.floor(most / 2)) : [])]
}

/** By characters, so that none is cut in two. */
function short (text, most) {
  if (text.length <= most) return text
  const chars = [...text]
  return chars.length <= most ? text : `${chars.slice(0, most - 1).join('')}…`
}

function deep (value, most) {
  if (typeof value === 'string') return short(value, most)
  if (Array.isArray(value)) return value.map((one) => deep(one, most))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, deep(one, most)]))
}

/** The same report with less in it; `shortened` says what is missing. */
function shortened (report, most) {
  const lost = new Set()
  const cut = (list, count, what) => {
    if (list.length > count) lost.add(what)
    return ends(list, count)
  }
  const suspect = ({ path, holders, holderTexts, growth, ...rest }) => {
    const steps = cut(path, most.steps, 'steps in the middle of paths')
    if (holderTexts.length > most.holders) lost.add('other holders')
    return {
      ...rest,
      path: steps,
      ...(path.length > steps.length && { omitted: path.length - steps.length }),
      holders: holders.slice(0, most.holders).map((way) => cut(way, most.steps, 'steps in the middle of paths')),
      holderTexts: holderTexts.slice(0, most.holders),
      ...(growth && {
        growth: {
          ...growth,
          perSnapshot: ends(growth.perSnapshot, most.snapshots),
          retainedSizes: ends(growth.retainedSizes, most.snapshots)
        }
      })
    }
  }
  const less = {
    ...report,
    snapshots: cut(report.snapshots, most.snapshots, 'snapshots in the middle'),
    suspects: report.suspects.slice(0, most.suspects).map(suspect)
  }
  const dropped = report.suspects.length - less.suspects.length
  if (dropped > 0) lost.add(`${dropped} ${dropped > 1 ? 'suspects' : 'suspect'}`)
  const text = deep(less, most.text)
  if (JSON.stringify(text) !== JSON.stringify(less)) lost.add(`the ends of texts of more than ${most.text} characters`)
  return { ...text, shortened: [...lost] }
}

/** What `show` makes of a report, in less than `MOST` characters. */
function fitting (report, show) {
  const whole = show(report)
  if (whole.length < MOST) return whole
  let text
  for (const most of LADDER) {
    text = show(shortened(report, most))
    if (text.length < MOST) break
  }
  return text
}

module.exports = { MOST, ends, fitting, short }

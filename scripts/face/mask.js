'use strict'

// What is another at each run, or in each folder, is masked: the rest is compared to the letter.

/** A text without folders, times and ids. */
function masked (text, places = {}) {
  let out = text
  for (const [name, place] of Object.entries(places)) out = out.replaceAll(place, `<${name}>`)
  return out
    .replace(/\b\d{4}-\d\d-\d\dT\d\d[:-]?\d\d[:-]?\d\d(\.?\d+)?Z?/g, '<time>')
    .replace(/\b\d{8}T\d{6}(\.?\d+)?Z?/g, '<time>')
    .replace(/\b\d\d:\d\d:\d\d(\.\d+)?/g, '<time>')
    .replace(/\(node:\d+\)/g, '(node:<pid>)')
    .replace(/\bpid \d+/g, 'pid <pid>')
    .replace(/-[0-9a-f]+\.heapsnapshot/g, '-<random>.heapsnapshot')
}

/** A value with its names, and the kinds of what a run decides: numbers, and texts by their letters. */
function shape (value, places) {
  if (typeof value === 'number') return '<number>'
  if (typeof value === 'string') return masked(value, places).replace(/\d+/g, '#')
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shape(one, places))))].map((one) => JSON.parse(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shape(one, places)]))
}

module.exports = { masked, shape }

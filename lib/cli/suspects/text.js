'use strict'

// A report for a terminal: the verdict first, a paragraph for each suspect, then its path. Nothing that comes from the heap drives
// the terminal.

const { printable } = require('../../base/printable')
const { bytes, cut, number, widthOfText } = require('../table')
const { growth, left, percent, seen } = require('./words')

/** Lines of a paragraph: of a terminal's width, or as long as it is. */
function wrapped (text, width, indent = '') {
  const words = printable(text).split(' ')
  if (width === 0) return [indent + words.join(' ')]
  const most = Math.max(20, width - indent.length)
  const lines = ['']
  for (const word of words) {
    const line = lines.at(-1)
    if (line !== '' && widthOfText(line) + 1 + widthOfText(word) > most) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.map((line) => indent + line)
}

const INDENT = '   '
const HEAD = 13

/** As editors count: from 1. */
const place = (location) => location?.script === undefined ? '' : ` (${location.script}:${location.line + 1}:${location.column + 1})`

const step = ({ edge, edgeType, node }) => `${edgeType} ${edge} → ${node.name || node.className} @${node.id}${place(node.location)}, retains ${bytes(node.retainedSize)}`

function suspectText (suspect, index, { width, full }) {
  const { entry, keys, known } = suspect
  const fact = (head, text) => wrapped(text, width === 0 ? 0 : width - HEAD, ' '.repeat(INDENT.length + HEAD))
    .map((line, i) => i === 0 ? `${INDENT}${head.padEnd(HEAD)}${line.trimStart()}` : line)
  const steps = full ? suspect.path.map((one) => `${INDENT}${' '.repeat(HEAD + 2)}${width === 0 ? printable(step(one)) : cut(printable(step(one)), Math.max(20, width - HEAD - 5))}`) : []
  return [
    ...wrapped(`${index + 1}. ${suspect.title}`, width),
    ...wrapped(suspect.explanation, width, INDENT),
    ...wrapped(`Usual cure: ${suspect.cure}`, width, INDENT),
    ...known ? fact('known leak', `${known.id}, ${known.versions}: ${known.url}`) : [],
    ...fact('path', suspect.pathText),
    ...steps,
    ...entry ? fact('entries', `${entry.looksLike}, ${bytes(entry.averageSize)} each`) : [],
    ...keys ? fact('keys', `${keys.pattern}, ${number(keys.distinct)} different${keys.examples.length > 0 ? ': ' : ''}${keys.examples.map((key) => JSON.stringify(key)).join(', ')}`) : [],
    ...suspect.growth ? fact('growth', growth(suspect.growth)) : [],
    ...suspect.holderTexts.flatMap((text) => fact('also held by', text)),
    ...fact('judged', `${suspect.verdict}, ${suspect.kind}; ${percent(suspect.confidence)} sure`),
    ...fact('fingerprint', suspect.fingerprint)
  ].join('\n')
}

/**
 * @param {object} report
 * @param {{ width: number, full?: boolean }} how `width` 0: lines as long as they are; `full`: paths step by step
 */
function text (report, how) {
  const { width } = how
  const lines = (line) => line === undefined ? [] : wrapped(line, width)
  const head = [
    ...lines(report.headline),
    ...lines(`${seen(report)}${report.redacted ? '; texts are masked (redacted)' : ''}`),
    ...lines(report.complete ? undefined : `INCOMPLETE: ${report.damage}`),
    ...(report.missing ?? []).flatMap((one) => lines(`To be surer: ${one}.`)),
    ...lines(left(report))
  ]
  return [head.join('\n'), ...report.suspects.map((suspect, index) => suspectText(suspect, index, how))].join('\n\n')
}

module.exports = { text, wrapped }

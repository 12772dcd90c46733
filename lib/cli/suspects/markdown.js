'use strict'

// A report for a ticket. What comes from the heap is text and nothing else: no link, no mark-up, no mention of somebody.

const { printable } = require('../../base/printable')
const { bytes, number } = require('../table')
const { growth, left, percent, seen } = require('./words')

/** Between two characters that would mean something together; not seen. */
const APART = '\u200b'

/** Outside of code. */
function escaped (text) {
  return text
    .replace(/[\\`*_[\]{}#!|~$]/g, '\\$&')
    .replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
    // Addresses become links by themselves, names mentions of people, numbers mentions of tickets.
    .replace(/@(?=\w)|(?<=\w):(?=\/\/)|\bwww(?=\.)|\b(?:mailto|xmpp)(?=:)/gi, `$&${APART}`)
    .replace(/(?<=#)(?=\w)/g, APART)
}

/** A text of somebody else's, with what stands in backquotes as code: in code nothing means anything. */
function prose (text) {
  const parts = printable(text).split(/(?<!`)(`[^`]+`)(?!`)/)
  const line = parts.map((part, index) => index % 2 === 1 ? part : escaped(part)).join('')
  return line.replace(/^(\s*)([-+=]|\d+(?=[.)]))/, (_, blanks, mark) => /\d/.test(mark) ? `${mark}${APART}` : `\\${mark}`)
}

/** All of it as code, whatever is in it. */
function code (text) {
  const line = printable(text)
  const runs = (line.match(/`+/g) ?? []).map((run) => run.length)
  const fence = '`'.repeat(Math.max(0, ...runs) + 1)
  const pad = /^[ `]|[ `]$|^$/.test(line) ? ' ' : ''
  return `${fence}${pad}${line}${pad}${fence}`
}

function suspectText (suspect, index) {
  const { entry, keys, known } = suspect
  return [
    `### ${index + 1}. ${prose(suspect.title)}`,
    '',
    prose(suspect.explanation),
    '',
    `**Usual cure:** ${prose(suspect.cure)}`,
    '',
    known && `- Known leak: ${code(known.id)}, ${prose(known.versions)}: ${code(known.url)}`,
    `- Path: ${code(suspect.pathText)}`,
    entry && `- Entries: ${code(entry.looksLike)}, ${bytes(entry.averageSize)} each`,
    keys && `- Keys: ${prose(keys.pattern)}, ${number(keys.distinct)} different${keys.examples.length > 0 ? ': ' : ''}${keys.examples.map(code).join(', ')}`,
    suspect.growth && `- Growth: ${growth(suspect.growth)}`,
    ...suspect.holderTexts.map((text) => `- Also held by: ${code(text)}`),
    `- Judged: ${suspect.verdict}, ${suspect.kind}; ${percent(suspect.confidence)} sure`,
    `- Fingerprint: ${code(suspect.fingerprint)}`
  ].filter((line) => line !== undefined).join('\n')
}

function markdown (report) {
  const more = [
    `${seen(report)}${report.redacted ? '; texts are masked (redacted)' : ''}`,
    !report.complete && `INCOMPLETE: ${prose(report.damage)}`,
    ...(report.missing ?? []).map((one) => `To be surer: ${prose(one)}.`),
    left(report)
  ].filter(Boolean)
  return [`## ${prose(report.headline)}`, more.map((line) => `- ${line}`).join('\n'), ...report.suspects.map(suspectText)].join('\n\n')
}

module.exports = { code, markdown, prose }

'use strict'

// Tables for eyes: numbers to the right, in a terminal no line longer than it is wide, elsewhere no text of 800 characters.

const { printable } = require('../base/printable')
const { bytes } = require('./terminal')

/** Columns of the terminal; 0: it is none, and only long texts are cut; Infinity: nothing is, with --wide. */
const widthOf = (stream, wide = false) => wide ? Infinity : stream.isTTY ? stream.columns || 80 : 0

/** Where lines may be as long as they like, a text of a column may not. */
const LONGEST = 120

const ELLIPSIS = '…'
/** A column of text that has to give way keeps at least this much. */
const LEAST = 12

/** How many columns of the terminal a character takes; good enough for names and texts. */
function widthOfCharacter (code) {
  if (code < 0x300) return 1
  if ((code >= 0x300 && code <= 0x36f) || code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f)) return 0
  const wide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd)
  return wide ? 2 : 1
}

/** Columns of the terminal that a text takes. */
const width = (text) => [...text].reduce((sum, char) => sum + widthOfCharacter(char.codePointAt(0)), 0)

/** At most `most` columns of it. */
function cut (text, most) {
  if (width(text) <= most) return text
  let out = ''
  let used = 1
  for (const char of text) {
    used += widthOfCharacter(char.codePointAt(0))
    if (used > most) break
    out += char
  }
  return out + ELLIPSIS
}

/**
 * @param {Array<{ head: string, text?: boolean }>} columns `text`: to the left, and cut if the line is too long
 * @param {string[][]} rows
 * @param {number} [most] columns of the terminal; 0 = as many as it takes, with texts of at most 120; Infinity = all of them
 */
function table (columns, rows, most = 0) {
  const cells = [columns.map(({ head }) => head), ...rows].map((row) => row.map(printable))
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => width(row[i]))))
  const texts = columns.flatMap(({ text }, i) => text ? [i] : [])
  if (most === 0) texts.forEach((i) => { widths[i] = Math.min(widths[i], LONGEST) })
  let over = most === 0 ? 0 : widths.reduce((sum, one) => sum + one + 2, -2) - most
  // The widest gives way first, until it is as wide as the next.
  while (over > 0) {
    const widest = texts.reduce((best, i) => widths[i] > widths[best] ? i : best, texts[0])
    if (widest === undefined || widths[widest] <= LEAST) break
    widths[widest]--
    over--
  }
  const pad = (cell, i) => {
    const shown = columns[i].text ? cut(cell, widths[i]) : cell
    const blanks = ' '.repeat(Math.max(0, widths[i] - width(shown)))
    return columns[i].text ? shown + blanks : blanks + shown
  }
  return cells.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

const number = (value) => value.toLocaleString('en-US')
/** With its sign: what was gained, what was lost, what has not changed. */
const signed = (value, print) => value === 0 ? '0' : `${value > 0 ? '+' : '-'}${print(Math.abs(value))}`
const percent = (part, whole) => whole > 0 ? `${(100 * part / whole).toFixed(1)}%` : ''

module.exports = { bytes, cut, number, percent, signed, table, printable, widthOf, widthOfText: width }

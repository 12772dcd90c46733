'use strict'

// Texts that somebody else wrote, shown on a terminal or in a log: names of files and folders, triggers, what is in a heap.

/** Line ends would forge lines, escapes would drive the terminal, and marks of direction would turn the words round. */
// eslint-disable-next-line no-control-regex
const WILD = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g

const escaped = (char) => `\\u${char.codePointAt(0).toString(16).padStart(4, '0')}`

/** One line, whatever is in it. */
const printable = (text) => text.replace(WILD, (char) => ({ '\n': '\\n', '\r': '\\r', '\t': '\\t' })[char] ?? escaped(char))

/** The same of a text that has lines of its own. */
const printableLines = (text) => text.split('\n').map(printable).join('\n')

/** JSON for a terminal: the same value, without what JSON.stringify leaves as it is. */
const printableJson = (value) => JSON.stringify(value, null, 2).replace(WILD, (char) => char === '\n' ? char : escaped(char))

/** On one line. */
const printableJsonLine = (value) => JSON.stringify(value).replace(WILD, escaped)

module.exports = { printable, printableJson, printableJsonLine, printableLines }

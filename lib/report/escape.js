'use strict'

// Texts from a heap, put into HTML.

const { printable } = require('../base/printable')

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** As text of an element or of an attribute in quotes; what would turn words round is shown by its number. */
const html = (text) => printable(String(text)).replace(/[&<>"']/g, (char) => ENTITIES[char])

/** JSON that stands in a <script>: nothing in it ends that, begins a comment, or is no JavaScript. The same value. */
const json = (value) => JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

module.exports = { html, json }

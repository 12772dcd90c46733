'use strict'

// A report as one file of HTML: style, libraries, the page's own modules and the data are all in it.

const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { version } = require('../../package.json')
const { HeapwardenError } = require('../base/errors')
const { pageData } = require('./data')
const { html, json } = require('./escape')

const PAGE = path.join(__dirname, 'page')
/** Other people's code, copied by `npm run build` (scripts/vendor.js). */
const VENDOR = path.join(__dirname, '..', '..', 'vendor')
const LIBRARIES = ['uplot.js', 'd3-hierarchy.js']
/** What the page shares with the command line. */
const SHARED = { printable: path.join(__dirname, '..', 'base', 'printable.js') }

/** How each file begins, by which it is known. */
const FIRST = '<!doctype html>\n<!-- heapwarden report -->\n'

function vendored (name) {
  try {
    return fs.readFileSync(path.join(VENDOR, name), 'utf8')
  } catch (error) {
    throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED', `the report's libraries are not here (${error.message}): npm install heapwarden anew, or in a clone npm run build`, { cause: error })
  }
}

/** The page's modules as they stand, each in its function, and a `require` that knows them by their files' names. */
function bundle () {
  const own = fs.readdirSync(PAGE).filter((name) => name.endsWith('.js')).map((name) => [path.basename(name, '.js'), path.join(PAGE, name)])
  const modules = [...Object.entries(SHARED), ...own].map(([name, file]) =>
    `${JSON.stringify(name)} (module, require) {\n${fs.readFileSync(file, 'utf8')}\n}`)
  return `(function () {
const modules = {
${modules.join(',\n')}
}
const loaded = {}
function require (name) {
  const key = name.split('/').pop()
  if (!loaded[key]) modules[key](loaded[key] = { exports: {} }, require)
  return loaded[key].exports
}
require('main')
})()`
}

let page

/** What is the same in each report; read once. */
function parts () {
  page ??= {
    style: `${vendored('uplot.css')}\n${fs.readFileSync(path.join(PAGE, 'style.css'), 'utf8')}`,
    script: [...LIBRARIES.map(vendored), bundle()].join('\n')
  }
  // The parser ends both at their first end tag, wherever that stands.
  for (const [name, text] of Object.entries(page)) {
    if (new RegExp(`</${name}|<!--`, 'i').test(text)) throw new Error(`the page's ${name} holds what would end it`)
  }
  return page
}

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** What is to be read where scripts do not run. */
function withoutScripts ({ headline, suspects }) {
  const each = ({ title, explanation, cure, pathText, fingerprint, known }) =>
    `<h2>${html(title)}</h2><p>${html(explanation)}</p><p>Usual cure: ${html(cure)}</p><p><code>${html(pathText)}</code></p>` +
    `${known ? `<p>Known: ${html(known.id)}, ${html(known.url)}</p>` : ''}<p>Fingerprint ${html(fingerprint)}</p>`
  return `<main><h1>${html(headline)}</h1>${suspects.map(each).join('')}<p>Charts, the map and the tables need JavaScript, which is off.</p></main>`
}

/**
 * @param {{ report: object, summary: object, classCount?: number, tree: object[] }} found
 * @param {{ at?: Date }} [when]
 * @returns {string} the file
 */
function render (found, { at = new Date() } = {}) {
  const { style, script } = parts()
  const data = pageData(found, { version, made: at.toISOString().slice(0, 16).replace('T', ' ') + ' UTC' })
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`
  return `${FIRST}<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${html(data.report.headline.replaceAll('`', ''))} – heapwarden</title>
<style>${style}</style>
</head>
<body>
<noscript>${withoutScripts(data.report)}</noscript>
<script type="application/json" id="data">${json(data)}</script>
<script>${script}</script>
</body>
</html>
`
}

module.exports = { FIRST, render }

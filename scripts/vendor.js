'use strict'

// Copies other people's code that a report carries into vendor/, each with its licence: see lib/report/README.md.

const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')

/** Name in vendor/ → the package, and its file. */
const files = {
  'uplot.js': ['uplot', 'dist/uPlot.iife.min.js'],
  'uplot.css': ['uplot', 'dist/uPlot.min.css'],
  'd3-hierarchy.js': ['d3-hierarchy', 'dist/d3-hierarchy.min.js']
}

/** As a comment, which nothing in it ends. */
const comment = (text) => `/*\n${text.trim().replaceAll('*/', '* /')}\n*/\n`

function copyVendored () {
  const folder = path.join(root, 'vendor')
  fs.mkdirSync(folder, { recursive: true })
  for (const [name, [of, file]] of Object.entries(files)) {
    const from = path.join(root, 'node_modules', of)
    const { version } = JSON.parse(fs.readFileSync(path.join(from, 'package.json'), 'utf8'))
    const licence = fs.readFileSync(path.join(from, 'LICENSE'), 'utf8')
    // An iife's name is a global of the page; a source map is not there.
    const code = fs.readFileSync(path.join(from, file), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
    const fresh = path.join(folder, `.${name}.${process.pid}`)
    fs.writeFileSync(fresh, `${comment(`${of} ${version}\n\n${licence}`)}${code.trim()}\n`)
    fs.renameSync(fresh, path.join(folder, name))
  }
}

module.exports = { copyVendored }

if (require.main === module) copyVendored()

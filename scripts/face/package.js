'use strict'

// What package.json promises, and the public types, whatever files they stand in.

const fs = require('node:fs')
const path = require('node:path')

const json = (value) => JSON.stringify(value, null, 2)

/** Where a file stands is no promise; that there is one, and of which kind, is. */
const anyFile = (value) => JSON.parse(JSON.stringify(value, (_key, one) => typeof one === 'string' ? one.replace(/^\.?.*?((\.d)?\.[a-z]+)$/, '…$1') : one))

function manifest (root) {
  const { name, type, exports, bin, engines, typesVersions, dependencies = {}, peerDependencies = {}, optionalDependencies = {}, files } = require(path.join(root, 'package.json'))
  return {
    'package.json': json({ name, type, engines, dependencies, peerDependencies, optionalDependencies, files, exports: anyFile(exports), bin: anyFile(bin), typesVersions: anyFile(typesVersions) })
  }
}

/** `specifier [condition]` → file, for every file of types that package.json exports. */
function typeFiles (exports, specifier = '.', conditions = []) {
  if (typeof exports === 'string') return /\.d\.[cm]?ts$/.test(exports) ? [[[specifier, ...conditions].join(' '), exports]] : []
  return Object.entries(exports).flatMap(([key, value]) =>
    key.startsWith('.') ? typeFiles(value, key, conditions) : typeFiles(value, specifier, key === 'types' ? conditions : [...conditions, key]))
}

/** The text of a file of types; another that it imports by a path is named by its specifier, or stands in its place. */
function typeText (file, publicNames) {
  return fs.readFileSync(file, 'utf8').replace(/from '(\.[^']*)'/g, (_all, target) => {
    const base = path.resolve(path.dirname(file), target)
    const ways = [base.replace(/\.([cm]?)js$/, '.d.$1ts'), `${base}.d.ts`, path.join(base, 'index.d.ts')]
    const found = ways.find((one) => /\.d\.[cm]?ts$/.test(one) && fs.statSync(one, { throwIfNoEntry: false })?.isFile())
    if (!found) return `from '${target}, which is missing'`
    return publicNames.has(found) ? `from 'heapwarden ${publicNames.get(found)}'` : `from {\n${typeText(found, publicNames)}\n}`
  })
}

function types (root) {
  const { exports } = require(path.join(root, 'package.json'))
  const files = typeFiles(exports).map(([name, file]) => [name, path.join(root, file)])
  const publicNames = new Map(files.map(([name, file]) => [file, name]))
  return Object.fromEntries(files.map(([name, file]) => [`types of ${name}`, typeText(file, publicNames)]))
}

module.exports = { manifest, types }

'use strict'

// Error codes and variables: every HEAPWARDEN_… name that the sources say, in Rust and in JavaScript.

const fs = require('node:fs')
const path = require('node:path')

function named (root, folders, extension) {
  const found = new Set()
  for (const folder of folders) {
    const under = path.join(root, folder)
    const files = fs.statSync(under).isDirectory() ? fs.readdirSync(under, { recursive: true }).map((name) => path.join(under, name)) : [under]
    for (const file of files.filter((one) => extension.test(one))) {
      for (const [name] of fs.readFileSync(file, 'utf8').matchAll(/HEAPWARDEN_[A-Z_]*[A-Z]/g)) found.add(name)
    }
  }
  return [...found].sort().join('\n')
}

function names (root) {
  return {
    'error codes in Rust': [...fs.readFileSync(path.join(root, 'src', 'error.rs'), 'utf8').matchAll(/=> "(HEAPWARDEN_[A-Z_]+)"/g)].map(([, code]) => code).sort().join('\n'),
    'names in Rust': named(root, ['src'], /\.rs$/),
    'names in JavaScript': named(root, ['lib', 'bin', 'index.js', 'index.mjs'], /\.m?js$/)
  }
}

module.exports = { names }

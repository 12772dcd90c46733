'use strict'

// Why there is no binary to load, in words that say what to do about it.

const fs = require('node:fs')
const path = require('node:path')
const { HeapwardenError } = require('../base/errors')

/** 'gnu' or 'musl': which C library this Node was built for. */
function libc () {
  if (process.platform !== 'linux') return ''
  // Only a glibc build names its version in the report's header. Slow, and only for the words of an error.
  const { header } = withoutNetwork(() => process.report.getReport())
  return header.glibcVersionRuntime ? 'gnu' : 'musl'
}

function withoutNetwork (work) {
  const before = process.report.excludeNetwork
  process.report.excludeNetwork = true
  try {
    return work()
  } finally {
    process.report.excludeNetwork = before
  }
}

/** Whether our code stands where npm put it: a bundler moves the code and leaves the binary behind. */
function isBundled (packageFolder) {
  if (packageFolder === undefined) return true
  try {
    return JSON.parse(fs.readFileSync(path.join(packageFolder, 'package.json'), 'utf8')).name !== 'heapwarden'
  } catch {
    return true
  }
}

/**
 * @param {object} found
 * @param {string} [found.packageFolder] that native/ lies in; undefined in an ES module that a bundler made
 * @param {string} [found.file] that our code lies in
 * @param {string[]} found.shipped names of the binaries there are
 * @param {Error} [found.failure] of the one that fits
 */
function unfit ({ packageFolder, file, shipped, failure }) {
  if (failure?.code === 'ERR_DLOPEN_DISABLED') {
    return new HeapwardenError('HEAPWARDEN_UNSUPPORTED',
      'this Node.js may not load addons (--permission without --allow-addons, or --no-addons), and heapwarden is one: start it with --allow-addons.',
      { cause: failure })
  }
  if (shipped.length === 0 && isBundled(packageFolder)) {
    return new HeapwardenError('HEAPWARDEN_UNSUPPORTED',
      `heapwarden was bundled into ${packageFolder === undefined ? 'an ES module' : file}, and its binary was not: mark heapwarden as external, ` +
      'with its sub-paths (esbuild --external:heapwarden; webpack externalsType: \'commonjs\', externals: [/^heapwarden(\\/|$)/]; ' +
      'rollup external: [/^heapwarden(\\/|$)/]), and keep it in node_modules: docs/getting-started.md.',
      { cause: failure })
  }
  const abi = libc()
  const here = `${process.platform} ${process.arch}${abi && ` (${abi === 'gnu' ? 'glibc' : 'musl'})`}`
  const there = shipped.length > 0
    ? `this package carries ${shipped.map((name) => name.replace(/^heapwarden\.|\.node$/g, '')).join(', ')}`
    : 'this package carries no binary'
  const todo = shipped.length > 0
    ? 'Run on Linux x64 with glibc, or build it from source there: clone the repository and run npm install with Rust on the PATH.'
    : 'In a clone, run npm install (or npm run build) with Rust on the PATH; from a registry, install again: the file native/*.node is missing.'
  return new HeapwardenError(
    'HEAPWARDEN_UNSUPPORTED',
    `heapwarden has no binary for ${here}: ${there}${failure ? `, which did not load: ${failure.message}` : ''}. ${todo}`,
    { cause: failure }
  )
}

module.exports = { unfit }

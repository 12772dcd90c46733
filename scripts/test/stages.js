'use strict'

// The stages of the test command, in order. `minutes` is a limit, not an estimate: nothing may hang for ever.

const { readdirSync } = require('node:fs')
const { join, sep } = require('node:path')
const { MAJORS, nodeBinary } = require('./nodes')
const { root } = require('./run')

/** What does not depend on the Node version or path has a stage of its own and runs once. */
const ONCE = { package: 'package/package.test.js', demo: 'cli/demo.test.js', oracle: 'oracle/oracle.test.js' }
const TEST_FOLDER = join(root, '__test__')
/** Tests of what is the same on every Node: run on this one only. Real containers are here too. */
const IS_ONCE = /\.once\.test\.js$/
/** One stuck test must not cost the rest of its file; a whole file counts as one to some Node versions. */
const TEST_TIMEOUT_MS = 400_000

/** Test files are listed here because Node 20's `--test` takes no patterns. */
function testFiles ({ once = false } = {}) {
  return readdirSync(TEST_FOLDER, { recursive: true })
    .map((name) => name.replaceAll(sep, '/'))
    .filter((name) => /\.test\.js$/.test(name) && !name.includes('node_modules') && !Object.values(ONCE).includes(name))
    .filter((name) => IS_ONCE.test(name) === once)
    .sort()
    .map((name) => `__test__/${name}`)
}

function cargoStage (name, args, counts = 'cargo') {
  return {
    name,
    title: ['cargo', ...args].join(' '),
    counts,
    minutes: 12,
    fast: !name.startsWith('cargo-'),
    command: () => ({ file: 'cargo', args })
  }
}

async function nodeTests (major, files, { env, timeout = TEST_TIMEOUT_MS } = {}) {
  const file = await nodeBinary(major)
  return { file, args: ['--test', '--test-reporter=spec', `--test-timeout=${timeout}`, ...files], env }
}

function nodeStage (major, portable) {
  return {
    name: `node${major}${portable ? '-portable' : ''}`,
    title: `node --test on Node ${major}, ${portable ? 'portable path' : 'native path'}`,
    counts: 'node',
    minutes: 15,
    needs: ['build'],
    fast: !portable && process.versions.node.startsWith(`${major}.`),
    command: () => nodeTests(major, testFiles(), { env: portable ? { HEAPWARDEN_PORTABLE: '1' } : {} })
  }
}

/** Where there is no binary JavaScript watches, asked of these: the others need the addon, or ask the same again. */
const WITHOUT_BINARY = ['capture/faults', 'capture/redact', 'capture/snapshots', 'cli/cli', 'heapdump', 'http/download', 'http/middleware',
  'monitor/buffers', 'monitor/events', 'monitor/lifecycle', 'monitor/monitor', 'options/options', 'package/exports', 'register'].map((name) => `__test__/${name}.test.js`)

function onceStage (name, title, { minutes = 5, needs = ['build'] } = {}) {
  return {
    name,
    title,
    counts: 'node',
    minutes,
    needs,
    fast: false,
    command: () => nodeTests(undefined, [`__test__/${ONCE[name]}`], { timeout: minutes * 60_000 })
  }
}

/** A tool of package.json's devDependencies. */
function toolStage (name, tool, args = []) {
  return {
    name,
    title: [tool, ...args].join(' '),
    counts: 'stage',
    minutes: 3,
    fast: true,
    command: () => ({ file: join(root, 'node_modules', '.bin', tool), args })
  }
}

const stages = [
  cargoStage('fmt', ['fmt', '--check'], 'stage'),
  toolStage('lint', 'eslint', ['.']),
  cargoStage('clippy', ['clippy', '--all-targets', '--', '-D', 'warnings'], 'stage'),
  cargoStage('clippy-core', ['clippy', '--all-targets', '--no-default-features', '--', '-D', 'warnings'], 'stage'),
  cargoStage('clippy-loader', ['clippy', '--locked', '--manifest-path', 'thaw/Cargo.toml', '--', '-D', 'warnings'], 'stage'),
  cargoStage('cargo-core', ['test', '--no-default-features']),
  // What is in `tests/` knows nothing of Node-API: once is enough.
  cargoStage('cargo', ['test', '--lib']),
  {
    name: 'build',
    title: 'npm run build',
    counts: 'stage',
    minutes: 12,
    fast: true,
    command: () => ({ file: 'npm', args: ['run', 'build'] })
  },
  // The portable path asks Node and not V8: the oldest and the newest Node tell enough.
  ...MAJORS.flatMap((major, i) => [nodeStage(major, false), ...i === 0 || i === MAJORS.length - 1 ? [nodeStage(major, true)] : []]),
  {
    name: 'javascript',
    // One whose node:zlib has zstd: without it there are plain files only, and most of this would have nothing to look at.
    title: 'node --test on Node 22, without the binary',
    counts: 'node',
    minutes: 8,
    fast: true,
    command: () => nodeTests(22, WITHOUT_BINARY, { env: { HEAPWARDEN_NATIVE: '0' } })
  },
  {
    name: 'once',
    title: 'what is the same on every Node, and real containers, on this Node',
    counts: 'node',
    minutes: 15,
    needs: ['build'],
    fast: true,
    command: () => nodeTests(undefined, testFiles({ once: true }))
  },
  toolStage('types', 'tsd'),
  onceStage('package', 'the packed module in an empty folder, without Rust and without install scripts'),
  onceStage('demo', 'heapwarden demo'),
  // It builds the engine alone, optimised, and fetches DevTools' code: that is most of the time.
  onceStage('oracle', 'our numbers against those of DevTools\' own code, and suspects of all these heaps', { minutes: 15 })
]

/** Tests of seconds: what a change of a name, an option, a route's table or a document breaks first. */
const QUICK = ['addon/verified', 'base/node-options.once', 'heapdump', 'http/body.once', 'monitor/buffers', 'monitor/monitor', 'options/options', 'options/schema.once', 'package/docs.once',
  'package/exports', 'package/generated.once', 'package/node-majors.once', 'package/types.once', 'walls.once'].map((name) => `__test__/${name}.test.js`)

const named = (...names) => names.map((name) => stages.find((stage) => stage.name === name))

/** The everyday loop, two minutes at most where everything has been built before: `npm run check`. */
const check = [
  ...named('fmt', 'lint', 'clippy', 'clippy-core'),
  cargoStage('units', ['test', '--no-default-features', '--lib', '--test', 'walls']),
  {
    name: 'addon',
    title: 'npm run build:quick',
    counts: 'stage',
    minutes: 5,
    command: () => ({ file: 'npm', args: ['run', 'build:quick'] })
  },
  ...named('types'),
  {
    name: 'quick',
    title: `quick tests on Node ${process.versions.node}`,
    counts: 'node',
    minutes: 3,
    needs: ['addon'],
    command: () => nodeTests(undefined, QUICK)
  }
]

module.exports = { check, stages }

'use strict'

// What a snapshot says. The work is done on a thread of its own or in a child, never on the event loop.

const { HeapwardenError } = require('../base/errors')
const { check, file, files, own, target } = require('./options')
const { filter, print } = require('./filter')
const { inChild } = require('./child')
const { inThread } = require('./thread')
const { shielded } = require('./progress')
const { withReadable } = require('../image/snapshot')

const aborted = (signal) => new HeapwardenError('HEAPWARDEN_ABORTED',
  'the analysis was aborted by its AbortSignal', { cause: signal.reason })

/** Has `work` read what is at `places`; images are thawed first. */
async function reading (places, { signal, onProgress }, commandLine, work) {
  try {
    return await withReadable(places, work, { signal, onProgress: onProgress && shielded(onProgress), told: commandLine.told })
  } catch (error) {
    throw signal?.aborted && error.code === 'HEAPWARDEN_ABORTED' ? aborted(signal) : error
  }
}

/** Runs it where the options say. `args` are those of the command that does the same. */
async function analyze (request, args, { maxMemory, salvage, process: where = 'thread', signal, onProgress }) {
  if (signal?.aborted) throw aborted(signal)
  const also = { signal, onProgress: onProgress && shielded(onProgress) }
  try {
    if (where === 'thread') return await inThread({ ...request, maxMemory, salvage }, also)
    const more = [maxMemory && `--max-memory=${maxMemory}`, salvage && '--salvage'].filter(Boolean)
    return await inChild([...args, ...more], also)
  } catch (error) {
    throw signal?.aborted ? aborted(signal) : error
  }
}

/** A flag of the command line, or none. */
const flag = (name, value) => value === undefined ? [] : [`--${name}=${value}`]

/** Of what was thawed first only the image has a name. */
const named = (file, place) => /^\/proc\/\d+\/fd\/\d+$/.test(file) ? place : file

/** Of the command line `-` is standard input; a program's own is the program's, and its service goes first. */
const caller = (commandLine) => commandLine ? { stdin: true } : { yields: true }

async function summary (place, options, commandLine = false) {
  const { top = own.summarize.top.default, className, ...rest } = options
  // A RegExp is JavaScript's, and cannot be asked on the other thread: the largest of each class come, and are chosen from.
  const which = typeof className === 'string' ? { className } : { eachClass: className !== undefined }
  const result = await reading([place], rest, commandLine, ([file]) => {
    const args = ['summary', file, ...flag('top', top), ...flag('class', className && print(className))]
    return analyze({ ask: 'summary', path: file, top, ...which, ...caller(commandLine) }, args, rest)
  })
  result.path &&= named(result.path, place)
  const fits = filter(className)
  result.classes = result.classes.filter(({ name }) => fits(name))
  result.largest = result.largest.filter((one) => fits(one.className)).slice(0, top)
  result.duplicateStrings = result.duplicateStrings.slice(0, top)
  return result
}

/** Two snapshots make a diff, more a trend. */
async function comparison (places, options, commandLine = false) {
  const { top = Infinity, className, ids = own.compare.ids.default, ...rest } = options
  const result = await reading(places, rest, commandLine, (files) => {
    const args = ['diff', ...files, ...flag('top', options.top), ...flag('class', className && print(className)), `--ids=${ids}`]
    const request = { ask: 'compare', paths: files, ids: ids === 'auto' ? undefined : ids, ...caller(commandLine) }
    return analyze(request, args, rest)
  })
  result.snapshots?.forEach((one, index) => { one.path &&= named(one.path, places[index]) })
  const fits = filter(className)
  result.classes = result.classes.filter(({ name }) => fits(name)).slice(0, top)
  return result
}

async function paths (place, { id, className }, options, commandLine = false) {
  const { limit = own.findPaths.limit.default, ...rest } = options
  return reading([place], rest, commandLine, ([file]) => {
    const args = ['paths', file, ...flag('id', id), ...flag('class', className), `--top=${limit}`]
    return analyze({ ask: 'paths', path: file, id, className, limit, ...caller(commandLine) }, args, rest)
  })
}

/** Rows of each table of a report. */
const REPORT_ROWS = 1_000

/** What a report shows: its suspects and, of the last snapshot, a summary's tables and who retains what. */
async function report (places, options, commandLine = false) {
  const result = await reading(places, options, commandLine, (files) =>
    analyze({ ask: 'report', paths: files, top: REPORT_ROWS, ...caller(commandLine) }, [], options))
  result.summary.path &&= named(result.summary.path, places.at(-1))
  result.report?.snapshots.forEach((one, index) => { one.path &&= named(one.path, places[index]) })
  return result
}

async function suspects (places, options, commandLine = false) {
  const { top = own.findSuspects.top.default, ...rest } = options
  const result = await reading(places, rest, commandLine, (files) => {
    const args = ['suspects', ...files, '--full', ...flag('top', top)]
    return analyze({ ask: 'suspects', paths: files, top, ...caller(commandLine) }, args, rest)
  })
  result.snapshots.forEach((one, index) => { one.path &&= named(one.path, places[index]) })
  return result
}

/** Everything DevTools' Summary view shows of a snapshot. */
async function summarize (path, options) {
  return summary(file(path, 'path'), check('summarize', options))
}

/** What has changed: `compare(before, after, options)`, or `compare([first, second, third…], options)`. */
async function compare (before, after, options) {
  const many = Array.isArray(before)
  if (many && options !== undefined) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', 'compare: with an array of paths the options are the second argument')
  }
  const places = many ? files(before) : [file(before, 'before'), file(after, 'after')]
  return comparison(places, check('compare', many ? after : options))
}

/** Who holds it: the shortest ways from the roots to a node, or to the instances of a class. */
async function findPaths (path, whose, options) {
  return paths(file(path, 'path'), target(whose), check('findPaths', options))
}

/** Which holder leaks: of one snapshot who holds most, of several what grows. */
async function findSuspects (path, options) {
  const places = Array.isArray(path) ? files(path, 1) : [file(path, 'path')]
  return suspects(places, check('findSuspects', options))
}

module.exports = { compare, comparison, findPaths, findSuspects, paths, report, summarize, summary, suspects }

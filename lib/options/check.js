'use strict'

// What users write → what the addon reads: checked, in bytes and milliseconds, under the addon's names.

const os = require('node:os')
const schema = require('./kinds')
const { HeapwardenError } = require('../base/errors')
const { defaultRules, rules } = require('./rules')

const { DAY, invalid } = schema

const keepFields = schema.object({
  count: schema.integer(1, 1_000_000),
  bytes: schema.bytes(1),
  age: schema.duration(1, 36_500 * DAY, 'from 1 ms')
}, "an object such as { count: 5, bytes: '2GiB', age: '7d' }")

// Made absolute now: the process may change its directory before the file is written.
const { absolute } = schema

const budget = schema.bytes(1, ", or 'auto'")

function stableIds (value, name) {
  if (typeof value !== 'boolean' && value !== 'keep') throw invalid(name, value, "true, false or 'keep'")
  return value
}

const snapshotFields = {
  dir: absolute,
  path: absolute,
  mode: schema.oneOf(['auto', 'fork', 'inline']),
  // Above 19 zstd needs windows that RFC 9659 forbids in `Content-Encoding: zstd`, and memory a host has not got.
  level: schema.integer(0, 19),
  keep: keepFields,
  minFreeDisk: schema.bytes(),
  memoryBudget: (value, name) => value === 'auto' ? value : budget(value, name),
  timeout: schema.duration(1, DAY, 'from 1 ms to 1 day'),
  redact: schema.boolean,
  stableIds,
  numericValues: schema.boolean,
  trigger: schema.text(100)
}

const watchSnapshots = schema.object(snapshotFields)
const oneSnapshot = schema.object({ ...snapshotFields, signal: schema.abortSignal })

function onlyOnePlace (options, prefix) {
  if (options.dir === undefined || options.path === undefined) return options
  throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION',
    `${prefix}path: both dir and path were given; accepted: a folder or an exact file, not both`)
}

function snapshotsOfWatch (value, name) {
  if (value?.signal !== undefined) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION',
      `${name}.signal: an AbortSignal ends one snapshot; accepted: in snapshot() and takeSnapshot() only`)
  }
  return onlyOnePlace(watchSnapshots(value, name), `${name}.`)
}

const nearLimitFields = schema.object({
  extend: schema.bytes(1),
  wait: schema.duration(0, DAY, 'at most 1 day')
}, "true, false or an object such as { extend: '32MiB', wait: '10s' }")

function nearHeapLimit (value, name) {
  if (typeof value === 'boolean') return value
  const { extend, wait } = nearLimitFields(value, name)
  return { extend, waitMs: wait }
}

// Listening to the first two is impossible; a listener on the others would keep a broken process running.
const notForUs = ['SIGKILL', 'SIGSTOP', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGABRT', 'SIGPROF']
const signalNames = Object.keys(os.constants.signals).filter((name) => !notForUs.includes(name))
const signalName = schema.oneOf(signalNames, 'false, or one of ')

function leaks (value, name) {
  if (value === false) return value
  throw invalid(name, value, 'false: this version does not look for leaks by itself')
}

const watchFields = schema.object({
  interval: schema.duration(10, DAY, 'from 10 ms to 1 day'),
  history: schema.integer(1, 100_000),
  rules,
  snapshots: snapshotsOfWatch,
  nearHeapLimit,
  leaks,
  signal: (value, name) => value === false ? value : signalName(value, name)
})

/** Drops what is undefined, so that JSON and spreading both leave defaults alone. */
function compact (value) {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined))
}

/** Snapshot options in the addon's form. `options` are already checked. */
function snapshotJson ({ dir, path: file, keep = {}, memoryBudget, timeout, signal, ...rest }) {
  return compact({
    dir,
    path: file,
    mode: 'auto',
    ...rest,
    keepCount: keep.count,
    keepBytes: keep.bytes,
    keepAgeMs: keep.age,
    memoryBudget: memoryBudget === 'auto' ? undefined : memoryBudget,
    timeoutMs: timeout
  })
}

/** Checked options of one snapshot over those of its monitor: a place named later replaces the earlier one. */
function mergeSnapshots (base, over) {
  const place = over.dir !== undefined || over.path !== undefined ? { dir: undefined, path: undefined } : {}
  return compact({ ...base, ...place, ...over, keep: { ...base.keep, ...over.keep } })
}

/** @throws HEAPWARDEN_INVALID_OPTION */
function checkSnapshot (options = {}) {
  return onlyOnePlace(oneSnapshot(options, ''), '')
}

/** Checked watch options, only those given. @throws HEAPWARDEN_INVALID_OPTION */
function checkUpdate (options) {
  return watchFields(options, '')
}

/** Checked watch options with their defaults. @throws HEAPWARDEN_INVALID_OPTION */
function checkWatch (options = {}) {
  return {
    interval: 1000,
    history: 600,
    rules: rules(defaultRules, 'rules'),
    snapshots: {},
    nearHeapLimit: true,
    signal: false,
    ...checkUpdate(options)
  }
}

/** Watch options (or a part of them) in the addon's form; `options` are already checked. */
function watchJson ({ interval, history, rules: list, snapshots, nearHeapLimit: near }) {
  return compact({
    intervalMs: interval,
    history,
    rules: list,
    snapshots: snapshots && snapshotJson(snapshots),
    nearHeapLimit: near
  })
}

module.exports = { checkSnapshot, checkUpdate, checkWatch, mergeSnapshots, snapshotJson, watchJson }

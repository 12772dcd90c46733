'use strict'

// What users write → what the addon reads: checked, in bytes and milliseconds, under the addon's names.

const { invalid } = require('./invalid')
const { checkOf } = require('./kinds')
const { noBuffers } = require('./no-images')
const schema = require('./schema')

const oneSnapshot = checkOf(schema.snapshot)
const watchFields = checkOf(schema.watch)

/** Drops what is undefined, so that JSON and spreading both leave defaults alone. */
function compact (value) {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined))
}

/** Snapshot options in the addon's form. `options` are already checked. */
function snapshotJson ({ dir, path: file, keep = {}, memoryBudget, timeout, maxPause, images, signal, ...rest }) {
  return compact({
    dir,
    path: file,
    mode: 'auto',
    ...rest,
    maxPauseMs: maxPause,
    images: images === undefined ? undefined : images !== false,
    imageBuffers: noBuffers() ? false : images?.buffers,
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
  return schema.onlyOnePlace(oneSnapshot(options, ''), '')
}

/** How the heap is captured for a report. @throws HEAPWARDEN_INVALID_OPTION */
function checkReport (options = {}) {
  const checked = checkSnapshot(options)
  if (checked.form === 'image') throw invalid('form', checked.form, "'auto' or 'snapshot': an image is left where there can be no report")
  if (checked.path !== undefined) throw invalid('path', checked.path, 'dir: a report leaves no file; an image that is left instead goes to a folder')
  return checked
}

/** Checked watch options, only those given. @throws HEAPWARDEN_INVALID_OPTION */
function checkUpdate (options) {
  return watchFields(options, '')
}

/** Checked watch options with their defaults. @throws HEAPWARDEN_INVALID_OPTION */
function checkWatch (options = {}) {
  const given = checkUpdate(options)
  const left = Object.entries(schema.watch).filter(([name]) => given[name] === undefined)
  return { ...checkUpdate(Object.fromEntries(left.map(([name, option]) => [name, option.default]))), ...given }
}

/** Watch options (or a part of them) in the addon's form; `options` are already checked. */
function watchJson ({ interval, history, rules: list, snapshots, nearHeapLimit: near, freezeOn }) {
  return compact({
    intervalMs: interval,
    history,
    rules: list,
    snapshots: snapshots && snapshotJson(snapshots),
    nearHeapLimit: near,
    freezeOn
  })
}

module.exports = { checkReport, checkSnapshot, checkUpdate, checkWatch, mergeSnapshots, snapshotJson, watchJson }

'use strict'

// Every option of a watch and of a snapshot, once. What is checked, which variables and flags there are, and `--help` are made
// of these tables; index.d.ts and the tables of docs/ are compared with them. An option is
//
// - `kind`: how its value is checked, see kinds.js;
// - `default`: what holds without it, as a user would write it. A watch's own are applied from here, a snapshot's by the addon;
// - `help`: what `--help` says of it. Without, text cannot set it. The default is added, unless `quiet`;
// - `form`, `fromText`: where they are others than its kind's;
// - `fields`: options of its own; it may be set as a whole too, where it has a `help`;
// - `reserved`: it is for a later version, and not documented.

const os = require('node:os')
const { HeapwardenError } = require('../base/errors')
const fromText = require('./from-text')
const { invalid } = require('./invalid')
const { DAY, abortSignal, absolute, boolean, bytes, checkOf, duration, integer, kind, oneOf, text } = require('./kinds')
const { defaultRules, rules } = require('./rules')

const keep = {
  count: { kind: integer(1, 1_000_000), default: 5, help: 'snapshots kept' },
  bytes: { kind: bytes(1), default: '2GiB', help: 'bytes of snapshots kept' },
  age: { kind: duration(1, 36_500 * DAY, 'from 1 ms'), default: '7d', help: 'how long snapshots are kept' }
}

const budget = bytes(1, ", or 'auto'")
const memoryBudget = kind({ type: "Bytes | 'auto'", form: 'SIZE|auto' }, (value, name) => value === 'auto' ? value : budget(value, name))

const stableIds = kind({ type: "boolean | 'keep'" }, (value, name) => {
  if (typeof value !== 'boolean' && value !== 'keep') throw invalid(name, value, "true, false or 'keep'")
  return value
})

const imageContents = {
  buffers: { kind: boolean, default: true, help: 'the contents of Buffers in images, or zeros', quiet: true }
}
const imageFields = checkOf(imageContents, 'true, false or an object such as { buffers: false }')
const images = kind({ type: `boolean | ${imageFields.type}` }, (value, name) => typeof value === 'boolean' ? value : imageFields(value, name))

/** How snapshots are made: of a watch, and of one. */
const snapshots = {
  dir: { kind: absolute, form: 'FOLDER', help: 'where snapshots go' },
  path: { kind: absolute, help: 'an exact file instead' },
  mode: { kind: oneOf(['auto', 'fork', 'inline']), default: 'auto', form: 'MODE', help: 'auto, fork (pauses for ms) or inline (auto: fork if it works)', quiet: true },
  form: { kind: oneOf(['auto', 'snapshot', 'image']), default: 'auto', form: 'FORM', help: 'auto (an image where a snapshot does not fit), snapshot or image', quiet: true },
  maxPause: { kind: duration(0, DAY, 'at most 1 day'), default: '500ms', help: 'longest pause for an image in place' },
  images: { kind: images, default: true, form: 'BOOLEAN', fromText: fromText.boolean, fields: imageContents, help: 'allow heap images, which hold everything', quiet: true },
  // Above 19 zstd needs windows that RFC 9659 forbids in `Content-Encoding: zstd`, and memory a host has not got.
  level: { kind: integer(0, 19), default: 1, form: 'LEVEL', help: 'zstd level; 0 = plain .heapsnapshot', quiet: true },
  keep: { kind: checkOf(keep, "an object such as { count: 5, bytes: '2GiB', age: '7d' }"), fields: keep },
  minFreeDisk: { kind: bytes(), default: '64MiB', help: 'free disk that must remain', quiet: true },
  memoryBudget: { kind: memoryBudget, default: 'auto', help: 'memory a snapshot may need' },
  timeout: { kind: duration(1, DAY, 'from 1 ms to 1 day'), default: '30m', help: 'time after which a snapshot is given up', quiet: true },
  redact: { kind: boolean, default: false, help: 'mask string values, keep names', quiet: true },
  stableIds: { kind: stableIds, default: false, form: 'BOOLEAN', fromText: fromText.boolean, help: 'keep ids comparable between snapshots (slower)', quiet: true },
  numericValues: { kind: boolean, default: false, help: 'include numbers', quiet: true },
  trigger: { kind: text(100), default: 'manual', help: 'what is written down as the reason', quiet: true }
}

/** How one snapshot is made. */
const snapshot = { ...snapshots, signal: { kind: abortSignal } }

/** @param {string} prefix of the options' names */
function onlyOnePlace (options, prefix) {
  if (options.dir === undefined || options.path === undefined) return options
  throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION',
    `${prefix}path: both dir and path were given; accepted: a folder or an exact file, not both`)
}

const snapshotFields = checkOf(snapshots)
const snapshotsOfWatch = kind({ type: 'WatchSnapshotOptions' }, (value, name) => {
  if (value?.signal !== undefined) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION',
      `${name}.signal: an AbortSignal ends one snapshot; accepted: in snapshot() and takeSnapshot() only`)
  }
  return onlyOnePlace(snapshotFields(value, name), `${name}.`)
})

const nearLimit = {
  // After an image it is not raised unless that is asked for, for a child by up to 32 MiB.
  extend: { kind: bytes(1), help: 'heap granted at the limit, after an image too' },
  wait: { kind: duration(0, DAY, 'at most 1 day'), default: '60s', help: 'time granted for it', quiet: true }
}
const nearLimitFields = checkOf(nearLimit, "true, false or an object such as { extend: '32MiB', wait: '10s' }")
const nearHeapLimit = kind({ type: `boolean | ${nearLimitFields.type}` }, (value, name) => {
  if (typeof value === 'boolean') return value
  const { extend, wait } = nearLimitFields(value, name)
  return { extend, waitMs: wait }
})

// Listening to the first two is impossible; a listener on the others would keep a broken process running.
const notForUs = ['SIGKILL', 'SIGSTOP', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGABRT', 'SIGPROF']
const signalNames = Object.keys(os.constants.signals).filter((name) => !notForUs.includes(name))
const signalName = oneOf(signalNames, 'false, or one of ')
const signal = kind({ type: 'NodeJS.Signals | false', form: 'SIGNAL', fromText: fromText.nameOrNo },
  (value, name) => value === false ? value : signalName(value, name))

// Not those that cannot be caught, nor those of a fault, after which nothing can go on. As in src/signals/names.rs.
const evictions = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU']
const eviction = oneOf(evictions)
const freezeOn = kind({ type: 'FreezeSignal[]', form: 'SIGNALS', fromText: fromText.names }, (value, name) => {
  if (!Array.isArray(value)) throw invalid(name, value, `an array of ${evictions.map((one) => `'${one}'`).join(', ')}`)
  return [...new Set(value.map((one, index) => eviction(one, `${name}[${index}]`)))]
})

const leaks = kind({ type: 'false', form: 'BOOLEAN', fromText: fromText.boolean }, (value, name) => {
  if (value === false) return value
  throw invalid(name, value, 'false: this version does not look for leaks by itself')
})

const watch = {
  interval: { kind: duration(10, DAY, 'from 10 ms to 1 day'), default: '1s', help: 'time between two samples' },
  history: { kind: integer(1, 100_000), default: 600, help: 'samples kept' },
  rules: { kind: rules, default: defaultRules, help: "'heapUsed > 512MB for 30s do snapshot; …', or JSON", quiet: true },
  snapshots: { kind: snapshotsOfWatch, default: {}, fields: snapshots },
  nearHeapLimit: { kind: nearHeapLimit, default: true, form: 'BOOLEAN', fromText: fromText.boolean, fields: nearLimit, help: 'leave an image, or a snapshot, at the heap limit' },
  freezeOn: { kind: freezeOn, default: [], help: 'leave an image before a signal such as SIGTERM takes effect', quiet: true },
  leaks: { kind: leaks, reserved: true, help: 'look for leaks (not in this version)' },
  signal: { kind: signal, default: false, help: 'take a snapshot at this signal, such as SIGUSR2' }
}

module.exports = { onlyOnePlace, snapshot, snapshots, watch }

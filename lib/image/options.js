'use strict'

// What thawing and asking can be told, in tables as those of lib/options/schema.js. The help of the commands is made of them.
//
// - `flag`: the command line's, with its `form` and `help`.

const { HeapwardenError } = require('../base/errors')
const { invalid } = require('../options/invalid')
const kinds = require('../options/kinds')

const { DAY, kind } = kinds

const objects = kind({ type: 'string | string[]' }, (value, name) => {
  const all = Array.isArray(value) ? value : [value]
  return all.map((one, index) => kinds.absolute(one, Array.isArray(value) ? `${name}[${index}]` : name))
})

const className = kind({ type: 'string' }, (value, name) => {
  if (typeof value !== 'string' || value === '') throw invalid(name, value, "a class's name")
  return value
})

/** Of every copy. */
const common = {
  memory: { kind: kinds.bytes(1), flag: '--memory', form: 'SIZE', help: 'memory the copy may take (what the container or the machine has left)' },
  objects: { kind: objects, flag: '--objects', form: 'PATH', help: 'one more folder, or file, to look for the executable and its libraries in' },
  signal: { kind: kinds.abortSignal },
  onProgress: { kind: kinds.callback('(progress: ThawProgress) => void') }
}

const timeout = kinds.duration(1, DAY, 'from 1 ms to 1 day')

const thaw = {
  ...common,
  timeout: { kind: timeout, default: '30m', flag: '--timeout', form: 'DURATION', help: 'give up after that (30m)' },
  dir: { kind: kinds.absolute },
  path: { kind: kinds.absolute, flag: '--output', form: 'FILE', help: 'where the snapshot goes (-o; beside the image)' },
  level: { kind: kinds.integer(0, 19), default: 1, flag: '--level', form: 'LEVEL', help: 'zstd level; 0 = plain .heapsnapshot (1)' },
  minFreeDisk: { kind: kinds.bytes(), default: '64MiB' },
  redact: { kind: kinds.boolean, default: false, flag: '--redact', help: 'mask string values, keep names' },
  numericValues: { kind: kinds.boolean, default: false, flag: '--numeric-values', help: 'include numbers' }
}

const ask = {
  ...common,
  timeout: { kind: timeout, default: '1m', flag: '--timeout', form: 'DURATION', help: 'give up after that (1m)' },
  id: { kind: kinds.integer(1, 2 ** 32 - 1), flag: '--id', form: 'N', help: 'CODE is a function, called with the object that has this id in the thawed snapshot' },
  className: { kind: className, flag: '--class', form: 'NAME', help: 'CODE is a function, called with an array of all instances of this class' },
  most: { kind: kinds.bytes(100), default: '1MiB', flag: '--most', form: 'SIZE', help: 'bytes of an answer; it is cut beyond, and says so (1MiB; 16KiB at a prompt)' }
}

/** Of the command alone. */
const bundle = {
  output: { kind: kinds.absolute, flag: '--output', form: 'FILE', help: 'where the bundle goes (-o; beside the image)' },
  objects: common.objects
}

const MOST = 64 * 1024 * 1024

const checks = { thaw: kinds.checkOf(thaw), ask: kinds.checkOf(ask), bundle: kinds.checkOf(bundle) }

/** @throws HEAPWARDEN_INVALID_OPTION */
function checkThaw (options = {}) {
  const checked = checks.thaw(options, '')
  if (checked.dir !== undefined && checked.path !== undefined) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', 'path: both dir and path were given; accepted: a folder or an exact file, not both')
  }
  return checked
}

/** @throws HEAPWARDEN_INVALID_OPTION */
function checkAsk (options = {}) {
  const checked = checks.ask(options, '')
  if (checked.id !== undefined && checked.className !== undefined) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', 'className: both id and className were given; accepted: one of them')
  }
  const { most = kinds.bytes(1)(ask.most.default, 'most'), timeout: limit = timeout(ask.timeout.default, 'timeout'), ...rest } = checked
  if (most > MOST) throw invalid('most', options.most, 'at most 64MiB')
  return { ...rest, most, timeout: limit }
}

/** Code. @throws HEAPWARDEN_INVALID_OPTION */
function checkCode (code) {
  if (typeof code !== 'string' || code.trim() === '') throw invalid('code', code, 'JavaScript as a string')
  return code
}

module.exports = { ask, bundle, checkAsk, checkBundle: (options = {}) => checks.bundle(options, ''), checkCode, checkThaw, imagePath: kinds.absolute, thaw }

'use strict'

// Every option of a watch that text can set: its variable, its flag of `heapwarden run`, and how the text is
// read. The documentation's table and `--help` are made of this one.

const { invalid } = require('./kinds')
const { parseRules } = require('./rule-text')
const { ACCEPTED, truth } = require('../base/yes-or-no')

const text = (value) => value

function number (value, name) {
  const read = Number(value)
  if (Number.isNaN(read)) throw invalid(name, value, 'a number')
  return read
}

function boolean (value, name) {
  const said = truth(value)
  if (said === undefined) throw invalid(name, value, ACCEPTED)
  return said
}

const signal = (value) => truth(value) === false ? false : value

const setting = (option, read, form, help) => ({
  option: option.split('.'),
  // snapshots.keep.bytes → keep-bytes: the snapshots of a watch need no prefix of their own.
  flag: option.replace(/^snapshots\./, '').replaceAll('.', '-').replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`),
  read,
  form,
  help
})

const settings = [
  setting('interval', text, 'DURATION', 'time between two samples (1s)'),
  setting('history', number, 'COUNT', 'samples kept (600)'),
  setting('rules', parseRules, 'RULES', "'heapUsed > 512MB for 30s do snapshot; …', or JSON"),
  setting('nearHeapLimit.extend', text, 'SIZE', 'heap granted to finish a snapshot at the limit'),
  setting('nearHeapLimit.wait', text, 'DURATION', 'time granted for it'),
  setting('nearHeapLimit', boolean, 'BOOLEAN', 'take a snapshot when the heap limit is near (true)'),
  setting('leaks', boolean, 'BOOLEAN', 'look for leaks (not in this version)'),
  setting('signal', signal, 'SIGNAL', 'take a snapshot at this signal, such as SIGUSR2 (off)'),
  setting('snapshots.dir', text, 'FOLDER', 'where snapshots go'),
  setting('snapshots.path', text, 'FILE', 'an exact file instead'),
  setting('snapshots.mode', text, 'MODE', 'auto, fork (pauses for ms) or inline (auto: fork if it works)'),
  setting('snapshots.level', number, 'LEVEL', 'zstd level; 0 = plain .heapsnapshot'),
  setting('snapshots.keep.count', number, 'COUNT', 'snapshots kept (5)'),
  setting('snapshots.keep.bytes', text, 'SIZE', 'bytes of snapshots kept (2GiB)'),
  setting('snapshots.keep.age', text, 'DURATION', 'how long snapshots are kept (7d)'),
  setting('snapshots.minFreeDisk', text, 'SIZE', 'free disk that must remain'),
  setting('snapshots.memoryBudget', text, 'SIZE|auto', 'memory a snapshot may need (auto)'),
  setting('snapshots.timeout', text, 'DURATION', 'time after which a snapshot is given up'),
  setting('snapshots.redact', boolean, 'BOOLEAN', 'mask string values, keep names'),
  setting('snapshots.stableIds', boolean, 'BOOLEAN', 'keep ids comparable between snapshots (slower)'),
  setting('snapshots.numericValues', boolean, 'BOOLEAN', 'include numbers'),
  setting('snapshots.trigger', text, 'TEXT', 'what is written down as the reason')
].map((one) => ({ ...one, env: `HEAPWARDEN_${one.flag.replaceAll('-', '_').toUpperCase()}` }))

/** Variables that are about the preload itself and not about the watch. */
const switches = [
  { env: 'HEAPWARDEN_CONFIG', form: 'FILE', help: 'the configuration file (heapwarden.config.json in the working directory)' },
  { env: 'HEAPWARDEN_ENABLED', form: 'BOOLEAN', help: 'false: do not watch; true: watch package managers too' },
  { env: 'HEAPWARDEN_WORKERS', form: 'BOOLEAN', help: 'watch worker threads as well (false)' },
  { env: 'HEAPWARDEN_LOG', form: 'text|json|off', help: 'lines on stderr about what happens (off)' },
  { env: 'HEAPWARDEN_PORTABLE', form: 'BOOLEAN', help: "use node:v8 only, as on platforms without V8's symbols" },
  { env: 'HEAPWARDEN_NATIVE', form: 'BOOLEAN', help: 'false: watch by JavaScript alone, as where there is no binary' },
  { env: 'HEAPWARDEN_FORK', form: 'BOOLEAN', help: 'false: never fork in this process' }
]

/** Sets `options.a.b = value` for `['a', 'b']`, making the objects between. */
function place (options, [name, ...rest], value) {
  if (rest.length > 0) {
    if (typeof options[name] !== 'object' || options[name] === null) options[name] = {}
    return place(options[name], rest, value)
  }
  // `nearHeapLimit=true` beside `nearHeapLimit.extend=…` says nothing new.
  if (value === true && typeof options[name] === 'object') return
  options[name] = value
}

module.exports = { boolean, place, settings, switches }

'use strict'

// Answers in a thawed copy of this process: code → text (src/node/answerer.rs calls it there). Everything it needs is kept from
// the start: a copy cannot read files, and who asks must not depend on what the service has patched since.

const { Console } = require('node:console')
const fs = require('node:fs')
const Module = require('node:module')
const path = require('node:path')
const { inspect, types: { isPromise } } = require('node:util')
const v8 = require('node:v8')
const { Script } = require('node:vm')

const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, setPrototypeOf } = Reflect
const { then } = Promise.prototype
const { endsWith, indexOf, replace, slice, split, startsWith } = String.prototype
const { join, push } = Array.prototype
const { test } = RegExp.prototype
const { byteLength } = Buffer
const { prepareStackTrace, stackTraceLimit } = Error
const encoder = new TextEncoder()
const builtin = require

/** First character of what is given back. */
const VALUE = '0'
const EXCEPTION = '1'
const PENDING = '2'

const HOW = { depth: 2, colors: false, showProxy: false, getters: false, maxArrayLength: 100, maxStringLength: 10_000, breakLength: 80, compact: 3 }
/** Names that the frames of a question's stack have, and of what called it. */
const NAME = 'question'

/** What is asked at the moment. */
let current

/** Text of at most `most` bytes of UTF-8; what is left out is said. */
function cut (text, most) {
  // No character takes more than three bytes for each of its units.
  if (text.length * 3 <= most) return text
  const bytes = byteLength(text)
  if (bytes <= most) return text
  const note = (kept) => `\n… cut: ${kept} of ${bytes} bytes`
  const room = Math.max(0, most - note(bytes).length - 2)
  const { read, written } = encoder.encodeInto(text, new Uint8Array(room))
  return apply(slice, text, [0, read]) + note(written)
}

function shown (value) {
  if (typeof value === 'string') return value
  for (const how of [HOW, { ...HOW, customInspect: false }]) {
    try {
      return withoutOurs(inspect(value, how))
    } catch {} // its own way to be shown, or a getter, threw
  }
  return `(${typeof value} that cannot be shown)`
}

const OURS = /^ +at .*(?:node:vm:|[/\\]answerer\.js:)/
const FRAME = /^ +(?:at |\.\.\. \d+ lines matching)/

/** Without the frames below the question's own: they are ours, and of what the process did when it was frozen. */
function withoutOurs (text) {
  let below = false
  const kept = []
  for (const line of apply(split, text, ['\n'])) {
    below = apply(test, FRAME, [line]) && (below || apply(test, OURS, [line]))
    if (!below) apply(push, kept, [line])
    // What follows a stack (own properties, the cause) begins on its last line.
    else if (apply(endsWith, line, [' {']) && kept.length > 0 && !apply(endsWith, kept[kept.length - 1], [' {'])) kept[kept.length - 1] += ' {'
  }
  return apply(join, kept, ['\n'])
}

/** As Node's prompt says it. */
function thrown (error) {
  return `Uncaught ${typeof error === 'string' ? inspect(error, HOW) : shown(error)}`
}

/** What is written meanwhile to console, stdout and stderr: their descriptors are not theirs any more. */
function listen (most) {
  let text = ''
  const write = (piece, encoding, done) => {
    if (text.length < most) text += typeof piece === 'string' ? piece : Buffer.from(piece).toString()
    const callback = typeof encoding === 'function' ? encoding : done
    if (typeof callback === 'function') callback()
    return true
  }
  const stream = { write, end () {}, on () { return this }, once () { return this }, removeListener () { return this }, emit () {}, listenerCount: () => 0 }
  const undo = []
  const put = (object, name, value) => {
    const before = getOwnPropertyDescriptor(object, name)
    // What the service has frozen stays as it is.
    if (!defineProperty(object, name, { __proto__: null, value, configurable: true, writable: true, enumerable: before?.enumerable ?? false })) return
    undo[undo.length] = () => before ? defineProperty(object, name, plain(before)) : deleteProperty(object, name)
  }
  const end = () => { for (let at = undo.length - 1; at >= 0; at--) undo[at]() }
  try {
    takeOver(put, stream, write)
  } catch (error) {
    end()
    throw error
  }
  return {
    heard: () => text,
    end
  }
}

/** A description that nobody's Object.prototype adds anything to. */
const plain = (description) => {
  setPrototypeOf(description, null)
  return description
}

function takeOver (put, stream, write) {
  const ours = new Console({ stdout: stream, stderr: stream })
  for (const name of ['log', 'info', 'debug', 'warn', 'error', 'dir', 'dirxml', 'table', 'trace', 'group', 'groupEnd', 'assert', 'count', 'timeEnd', 'timeLog']) {
    if (globalThis.console) put(globalThis.console, name, ours[name].bind(ours))
  }
  put(process, 'stdout', stream)
  put(process, 'stderr', stream)
  const { writeSync } = fs
  put(fs, 'writeSync', (descriptor, piece, ...rest) => {
    if (descriptor !== 1 && descriptor !== 2) return apply(writeSync, fs, [descriptor, piece, ...rest])
    write(piece)
    return byteLength(piece)
  })
  for (const name of ['exit', 'reallyExit', 'abort']) {
    put(process, name, () => { throw new Error(`process.${name}: the copy has no other end than that of its questions`) })
  }
  put(process, 'memoryUsage', memoryUsage)
  if (!Object.hasOwn(globalThis, 'require')) put(globalThis, 'require', loaded)
}

/** What V8 knows of it; the kernel cannot be asked, and would speak of the copy. */
function memoryUsage () {
  const { total_heap_size: heapTotal, used_heap_size: heapUsed, external_memory: external } = v8.getHeapStatistics()
  return { rss: NaN, heapTotal, heapUsed, external }
}

/** `require` without a disk: what comes with Node, and what the process has loaded. */
function loaded (request) {
  if (Module.isBuiltin(request)) return builtin(request)
  const all = Module._cache
  const names = Object.keys(all)
  const endings = ['', '.js', '.cjs', '.json', '.mjs', '.ts', '.node', '/index.js']
  const own = path.resolve(path.dirname(process.argv[1] ?? '/'), request)
  const inPackage = (name) => endings.slice(1).some((ending) => name.endsWith(`/node_modules/${request}${ending}`)) || name.includes(`/node_modules/${request}/`)
  // A package's own first file was there before those that it needs.
  const found = endings.map((ending) => own + ending).find((name) => all[name]) ?? (/^[./]/.test(request) ? undefined : names.find(inPackage))
  if (found === undefined) throw new Error(`the process had not loaded ${request}; it had loaded ${names.length} modules, see Object.keys(require.cache)`)
  return all[found].exports
}
Object.defineProperty(loaded, 'cache', { get: () => Module._cache })

/** Compiled as a prompt reads it: `{ a: 1 }` and `function (x) {…}` are values, `await` is allowed. */
function compiled (code, isFunction) {
  const one = apply(replace, code, [/;\s*$/, ''])
  const parts = { plain: code, value: `(${one}\n)`, awaited: `(async () => (${one}\n))()`, awaiting: `(async () => {${code}\n})()` }
  const asValue = isFunction || apply(test, /^\s*(\{|function\b|class\b)/, [code])
  let failure
  for (const part of asValue ? ['value', 'plain', 'awaited', 'awaiting'] : ['plain', 'value', 'awaited', 'awaiting']) {
    if (apply(startsWith, part, ['await']) && !apply(test, /\bawait\b/, [code])) continue
    try {
      return new Script(parts[part], { filename: NAME, columnOffset: -apply(indexOf, parts[part], [part === 'awaiting' ? code : one]) })
    } catch (error) {
      if (part === 'plain') failure = error
    }
  }
  throw failure
}

function finish (kind, text) {
  const { ears, most } = current
  current = undefined
  try {
    ears?.end()
  } catch {} // the question has frozen what was put there
  const heard = ears?.heard() ?? ''
  const before = heard === '' || apply(endsWith, heard, ['\n']) ? heard : `${heard}\n`
  return kind + cut(before + text, most)
}

/** Whatever a question has done to the language: there is an answer. */
function surely (work) {
  try {
    return work()
  } catch (error) {
    try {
      return finish(EXCEPTION, thrown(error))
    } catch {
      return `${EXCEPTION}Uncaught something that cannot be shown`
    }
  }
}

/**
 * Asks.
 *
 * @param {string} code an expression or statements; with a subject a function
 * @param {number} most bytes of the answer
 * @param {boolean} hasSubject
 * @param {unknown} subject the object with an id, or the instances of a class
 * @returns {string} a character of kind and the text; `PENDING` alone: microtasks are to be run, then `settled` called
 */
function ask (code, most, hasSubject, subject) {
  current = { most, ears: undefined, state: PENDING, value: undefined }
  return surely(() => {
    current.ears = listen(most)
    // A service may have its own way with stacks, which reads files.
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace)
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
    let value = compiled(code, hasSubject).runInThisContext({ displayErrors: false })
    if (hasSubject) {
      if (typeof value !== 'function') throw new TypeError(`the code is ${typeof value}, and a function is needed, which is given the object: it => it.size`)
      value = value(subject)
    }
    if (!isPromise(value)) return finish(VALUE, shown(value))
    const asked = current
    apply(then, value, [
      (result) => { Object.assign(asked, { state: VALUE, value: result }) },
      (error) => { Object.assign(asked, { state: EXCEPTION, value: error }) }
    ])
    return PENDING
  })
}

/** What has become of the promise, when all microtasks have run. */
function settled () {
  return surely(() => {
    const { state, value } = current
    if (state === PENDING) return finish(VALUE, 'Promise { <pending> }\nIt waits for what a copy has not got: a timer, a file, a socket, another thread.')
    return finish(state, state === VALUE ? shown(value) : thrown(value))
  })
}

module.exports = { ask, settled }

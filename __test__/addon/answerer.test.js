'use strict'

// What a thawed copy answers, asked of a living process: the code is the same, and only here does it have witnesses.
// __test__/image/ asks real images.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { describe, test } = require('node:test')
const { capabilities } = require('heapwarden')
const { root } = require('../support/helpers')

const { ask, settled } = require('../../lib/addon/answerer')

/** An answer without V8's own functions, as Rust takes it. */
function answer (code, { most = 10_000, subject, given = subject !== undefined } = {}) {
  const first = ask(code, most, given, subject)
  const text = first === '2' ? settled() : first
  return { kind: ['value', 'exception'][text[0]], text: text.slice(1) }
}
const value = (code, how) => {
  const { kind, text } = answer(code, how)
  assert.equal(kind, 'value', text)
  return text
}
const exception = (code, how) => {
  const { kind, text } = answer(code, how)
  assert.equal(kind, 'exception', text)
  return text
}

describe('values are shown as a prompt shows them', () => {
  globalThis.app = { sessions: new Map([['a', { id: 1 }], ['b', { id: 2 }]]) }
  const questions = {
    'app.sessions.size': '2',
    'app.sessions': "Map(2) { 'a' => { id: 1 }, 'b' => { id: 2 } }",
    '[...app.sessions.keys()]': "[ 'a', 'b' ]",
    "'a string'": 'a string',
    undefined: 'undefined',
    '{ a: 1 }': '{ a: 1 }',
    'let asked = 5; asked * 2': '10',
    // Of the question before.
    asked: '5',
    'class A {}; new A()': 'A {}',
    "Object.defineProperty({}, 'x', { get () { throw 1 }, enumerable: true })": '{ x: [Getter] }',
    'new Proxy({ a: 1 }, { get () { throw 1 }, ownKeys () { throw 2 }, getPrototypeOf () { throw 3 } })': '{ a: 1 }',
    "({ [Symbol.for('nodejs.util.inspect.custom')] () { throw 3 } })": '{\n  [Symbol(nodejs.util.inspect.custom)]: [Function: [nodejs.util.inspect.custom]]\n}',
    "console.log('%d sessions', 2); process.stdout.write('and'); 7": '2 sessions\nand\n7',
    "console.error('to stderr')": 'to stderr\nundefined',
    "require('node:os').EOL === '\\n'": 'true',
    "require('node:util').inspect = null; [1]": '[ 1 ]'
  }
  /** As Node 20 shows it: names of symbols in brackets, proxies as what is behind them. */
  const alike = (text) => text.replace('  Symbol(nodejs.util.inspect.custom):', '  [Symbol(nodejs.util.inspect.custom)]:').replace(/^Proxy\((.*)\)$/, '$1')
  const { inspect } = require('node:util')
  for (const [code, text] of Object.entries(questions)) {
    test(code, () => assert.equal(alike(value(code)), text))
  }
  test('and what the question has changed for itself is undone', () => {
    require('node:util').inspect = inspect
    assert.equal(typeof process.stdout.fd, 'number')
    assert.equal(Object.hasOwn(globalThis, 'require'), false)
  })
})

describe('an exception is an answer', () => {
  test('an Error has its stack, without ours', () => assert.equal(exception('function f () { throw new RangeError("no") }\nf()'), 'Uncaught RangeError: no\n    at f (question:1:23)\n    at question:2:1'))
  test('also that of its cause', () => assert.match(exception('throw new Error("a", { cause: new Error("b") })'), /^Uncaught Error: a\n {4}at question:1:7 \{\n {2}\[cause\]: Error: b\n {6}at question:1:31\n\}$/))
  test('anything may be thrown', () => {
    assert.equal(exception('throw 1'), 'Uncaught 1')
    assert.equal(exception('throw undefined'), 'Uncaught undefined')
    assert.equal(exception("throw 'text'"), "Uncaught 'text'")
    assert.match(exception('throw new Proxy(new Error("behind"), { get () { throw 2 } })'), /^Uncaught (Proxy\()?Error: behind/)
    assert.match(exception('throw new Proxy({}, { get () { throw 2 }, ownKeys () { throw 3 } })'), /^Uncaught/)
  })
  test('what is no JavaScript says where', () => assert.match(exception('foo bar'), /foo bar\n {4}\^\^\^\n\nSyntaxError: Unexpected identifier/))
  test('no stack is left', () => assert.match(exception('(function f () { f() })()'), /^Uncaught RangeError: Maximum call stack size exceeded/))
  test('also when the question breaks what strings can do', () => {
    const own = Object.getOwnPropertyDescriptors(String.prototype)
    const broken = ask('for (const one of ["split", "slice", "endsWith"]) String.prototype[one] = null; throw new Error("x")', 1000, false)
    Object.defineProperties(String.prototype, own)
    assert.match(broken, /^1Uncaught Error: x/)
  })
  test('a module that was not loaded is none', () => assert.match(exception("require('express')"), /had not loaded express; it had loaded \d+ modules/))
})

describe('a subject', () => {
  test('is given to a function, however it is written', () => {
    for (const code of ['it => it.size', 'it => it.size;', 'function (it) { return it.size }', 'function named (it) { return it.size }']) {
      assert.equal(value(code, { subject: new Set([1, 2, 3]) }), '3', code)
    }
  })
  test('needs one', () => assert.match(exception('5', { subject: {} }), /the code is number, and a function is needed/))
  test('may be undefined', () => assert.equal(value('it => typeof it', { given: true }), 'undefined'))
})

describe('output is bounded', () => {
  test('to the byte, and says so', () => {
    for (const [code, bytes] of [["'x'.repeat(1e8)", 1e8], ["'é'.repeat(2000)", 4000], ["'😀'.repeat(1000)", 4000]]) {
      const text = value(code, { most: 1001 })
      assert.ok(Buffer.byteLength(text) <= 1001 && Buffer.byteLength(text) > 990, `${Buffer.byteLength(text)}`)
      assert.match(text, new RegExp(`\n… cut: 9\\d\\d of ${bytes} bytes$`))
      assert.doesNotMatch(text, /\ufffd/)
    }
  })
  test('of what is written meanwhile too', () => assert.ok(value("for (let i = 0; i < 1e5; i++) console.log('x'.repeat(100))", { most: 1000 }).length <= 1000))
  test('of a large object too', () => assert.ok(value('Array.from({ length: 1e6 }, (_, i) => ({ i }))').length < 5000))
  test('and what fits is whole', () => assert.equal(value("'é'.repeat(500)", { most: 1000 }), 'é'.repeat(500)))
})

describe('whatever the service has frozen or patched, there is an answer', () => {
  const done = {
    'Object.freeze(Error)': ['1 + 1', 'new RangeError("no").message'],
    'for (const one of [Error, console, process, process.stdout, fs, Object, Array.prototype, String.prototype]) Object.freeze(one)': ['1 + 1'],
    "Object.defineProperty(Object.prototype, 'get', { value () {}, writable: false })": ['1 + 1'],
    'Array.prototype.push = Array.prototype.join = Array.prototype.reverse = null': ['1 + 1', "console.log('heard') ?? 2"],
    'String.prototype.split = String.prototype.slice = null; RegExp.prototype.test = null': ['1 + 1'],
    'Object.defineProperty = Reflect.apply = Reflect.defineProperty = null; Promise.prototype.then = null': ['1 + 1'],
    'Object.defineProperty(console, "log", { value: console.log, configurable: false }); delete globalThis.require': ['1 + 1']
  }
  const answers = { '1 + 1': '02', 'new RangeError("no").message': '0no', "console.log('heard') ?? 2": '0heard\n2' }
  const file = JSON.stringify(require.resolve('../../lib/addon/answerer'))
  for (const [change, questions] of Object.entries(done)) {
    test(change, () => {
      const code = `const fs = require('node:fs'); const { writeSync } = fs; const { ask } = require(${file}); const { stringify } = JSON
        ${change}
        writeSync(1, stringify([${questions.map((question) => `ask(${JSON.stringify(question)}, 1000, false)`)}]))`
      const out = execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' })
      assert.deepEqual(JSON.parse(out), questions.map((question) => answers[question]))
    })
  }
  test('with frozen intrinsics', () => {
    const out = execFileSync(process.execPath, ['--frozen-intrinsics', '-p', `require(${file}).ask('6 * 7', 100, false)`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    assert.equal(out, '042\n')
  })
})

test('functions of V8 are there: ids, classes, microtasks', { skip: !capabilities.snapshots.image.available && capabilities.snapshots.image.reason }, async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'answerer-'))
  t.after(() => fs.rmSync(dir, { recursive: true }))
  const out = JSON.parse(execFileSync(process.execPath, [path.join(root, '__test__/programs/asked.js'), path.join(dir, 'a.heapsnapshot')], { encoding: 'utf8' }))
  const expected = {
    settled: { value: '6' },
    rejected: { exception: 'Uncaught Error: x\n    at question:1:16' },
    pending: { value: 'Promise { <pending> }\nIt waits for what a copy has not got: a timer, a file, a socket, another thread.' },
    instances: { value: '[ 5000, 12497500 ]' },
    noInstances: { code: 'HEAPWARDEN_NOT_FOUND', message: 'there is no instance of Nothing' },
    // The Map that only a closure holds, by the id that V8's own snapshot gives it.
    byId: { value: "[ 5000, 'k0' ]" },
    stringById: { value: 'string' },
    noId: { code: 'HEAPWARDEN_NOT_FOUND', message: 'there is no object @999999999' }
  }
  const { internal, ...others } = out
  assert.deepEqual(others, expected)
  assert.match(internal.message, /^@\d+ is V8's own/)
})

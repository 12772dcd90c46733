'use strict'

// Booleans in variables are read one way, whoever reads them; and a rule is checked whichever way it comes in.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { readConfig } = require('../../lib/options/config')
const { checkUpdate } = require('../../lib/options/check')
const { settings, switches } = require('../../lib/options/variables')
const { yesOrNo: truth } = require('../../lib/base/yes-or-no')
const { watch } = require('../..')
const { bin } = require('../support/cli')
const { node, root, tempDir } = require('../support/helpers')

const WORDS = { 1: true, true: true, YES: true, on: true, 0: false, False: false, no: false, off: false }

/** Variables that are looked at before there is anything that could be refused: what each does is seen in a process. */
const EARLY = {
  HEAPWARDEN_NATIVE: { on: true, seen: '!capabilities.v8.reason?.includes("HEAPWARDEN_NATIVE")' },
  HEAPWARDEN_PORTABLE: { on: false, seen: '!!capabilities.v8.reason?.includes("HEAPWARDEN_PORTABLE")' },
  HEAPWARDEN_FORK: { on: true, seen: '!capabilities.snapshots.fork.reason?.includes("HEAPWARDEN_FORK")' }
}

const program = (seen) => `const { capabilities } = require(${JSON.stringify(root)}); console.log(${seen})`

for (const [name, { on, seen }] of Object.entries(EARLY)) {
  test(`${name}: yes, no and neither`, { skip: process.platform !== 'linux' }, async () => {
    for (const [word, said] of Object.entries(WORDS)) {
      const { stdout, stderr } = await node(['-e', program(seen)], { env: { [name]: word } })
      assert.deepEqual([stdout.trim(), stderr], [String(said), ''], word)
    }
    for (const word of ['maybe', '2', ' no']) {
      for (const also of [{}, { HEAPWARDEN_NATIVE: name === 'HEAPWARDEN_NATIVE' ? word : '0' }]) {
        const { stdout, stderr } = await node(['-e', program(seen)], { env: { ...also, [name]: word } })
        if (Object.keys(also).length === 0) assert.equal(stdout.trim(), String(on), 'as if it were not set')
        assert.match(stderr, new RegExp(`HEAPWARDEN_INVALID_OPTION.*${name}: "${word}" was given and is not used; accepted: 1, true`))
      }
    }
    const { stdout, stderr } = await node(['-e', program(seen)], { env: { [name]: '' } })
    assert.deepEqual([stdout.trim(), stderr], [String(on), ''], 'set but empty')
  })
}

test('every other one', () => {
  const nowhere = path.join(root, '__test__')
  const late = [...settings, ...switches].filter(({ env, form }) => form === 'BOOLEAN' && !Object.hasOwn(EARLY, env))
  assert.ok(late.length >= 7)
  for (const { env, option } of late) {
    const read = (word) => {
      const config = readConfig({ [env]: word }, nowhere)
      return option ? option.reduce((at, name) => at?.[name], config.options) : config[env.slice('HEAPWARDEN_'.length).toLowerCase()]
    }
    for (const [word, said] of Object.entries(WORDS)) assert.equal(read(word), said, `${env}=${word}`)
    assert.equal(read(''), undefined, env)
    for (const word of ['maybe', '2', ' no']) {
      assert.throws(() => read(word), ({ code, message }) => code === 'HEAPWARDEN_INVALID_OPTION' && message.startsWith(`${env}: '${word}' was given`))
    }
  }
  for (const [word, said] of Object.entries(WORDS)) assert.equal(truth(word), said)
})

test('a preload with a boolean that says neither: unwatched with a warning, but for those that docs/register.md excepts', { skip: process.platform !== 'linux' }, async (t) => {
  const dir = tempDir(t)
  const [, excepted] = /((?:`HEAPWARDEN_\w+`(?:, | and )?)+) alone/.exec(fs.readFileSync(path.join(root, 'docs', 'register.md'), 'utf8')) ?? []
  assert.deepEqual(excepted?.match(/HEAPWARDEN_\w+/g)?.sort(), Object.keys(EARLY).sort())
  const show = `console.log(require(${JSON.stringify(path.join(root, 'lib', 'register.js'))}).monitor !== null)`
  const names = [...settings, ...switches].filter(({ form }) => form === 'BOOLEAN').map(({ env }) => env)
  assert.ok(names.includes('HEAPWARDEN_REDACT') && names.includes('HEAPWARDEN_FORK'))
  for (const name of names) {
    const { stdout, stderr, status } = await node(['-e', show], { cwd: dir, env: { [name]: 'ture' } })
    assert.deepEqual([status, stdout.trim()], [0, String(Object.hasOwn(EARLY, name))], name)
    assert.equal(stderr.match(/HEAPWARDEN_INVALID_OPTION/g)?.length, 1, stderr)
  }
})

const rule = (action) => [{ name: 'a', metric: 'rss', above: '1TB', do: [action] }]

for (const action of ['profile', 'Snapshot', 'exit']) {
  test(`do: ['${action}'] is refused on every way in`, async (t) => {
    const refused = { code: 'HEAPWARDEN_INVALID_OPTION', message: /'snapshot'/ }
    assert.throws(() => watch({ rules: rule(action) }), refused)
    const monitor = watch({ rules: [] })
    t.after(() => monitor.stop())
    assert.throws(() => monitor.update({ rules: rule(action) }), refused)
    assert.throws(() => checkUpdate({ rules: rule(action) }), refused)

    // The preload: by variables in both forms, and by its file. What is refused is warned of, and nothing is watched.
    const dir = tempDir(t)
    const json = JSON.stringify(rule(action))
    const texts = [json, ...action === 'Snapshot' ? [] : [`rss > 1TB do ${action}`]]
    const show = `console.log(require(${JSON.stringify(path.join(root, 'lib', 'register.js'))}).monitor)`
    for (const text of texts) {
      const { stdout, stderr } = await node(['-e', show], { cwd: dir, env: { HEAPWARDEN_RULES: text } })
      assert.equal(stdout.trim(), 'null')
      assert.match(stderr, /not watched: HEAPWARDEN_RULES\[0\]\.do\[0\].*'snapshot'/)
      const { status, stderr: said } = await node([bin, 'run', '--rules', text, '--', process.execPath, '-e', '0'], { cwd: dir })
      assert.equal(status, 2)
      assert.match(said, /^heapwarden: --rules\[0\]\.do\[0\].*'snapshot'/)
    }
    fs.writeFileSync(path.join(dir, 'heapwarden.config.json'), `{"rules":${json}}`)
    assert.match((await node(['-e', show], { cwd: dir })).stderr, /not watched: rules\[0\]\.do\[0\].*'snapshot'/)

    // The addon itself.
    const native = require('../../lib/addon/native')
    assert.throws(() => native.monitorStart(JSON.stringify({ intervalMs: 1000, history: 1, rules: [{ name: 'a', metric: 'rss', above: 1, do: [action] }], snapshots: {}, nearHeapLimit: false })),
      ({ code, message }) => code === 'HEAPWARDEN_INVALID_OPTION' && message.includes('snapshot'))
  })
}

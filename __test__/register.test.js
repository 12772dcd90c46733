'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { readConfig } = require('../lib/options/config')
const { checkWatch } = require('../lib/options/check')
const { parseRules } = require('../lib/options/rule-text')
const { settings } = require('../lib/options/variables')
const { node, root, tempDir } = require('./support/helpers')

const register = path.join(root, 'lib', 'register.js')
const nowhere = path.join(root, '__test__')
const show = "const { monitor } = require(process.env.REGISTER); console.log(monitor ? JSON.stringify(monitor.rules().map((rule) => rule.name)) : 'unwatched')"

/** Runs a script under the preload. */
const preloaded = (dir, { env, args = ['-e', show], how = ['--require', register] } = {}) =>
  node([...how, ...args], { cwd: dir, env: { REGISTER: register, ...env } })

test('watches with the defaults, by --require and by --import, and lets the program end', async (t) => {
  const dir = tempDir(t)
  for (const how of [['--require', register], ['--import', register]]) {
    assert.deepEqual(await preloaded(dir, { how }), { status: 0, signal: null, stdout: '["heapUsedRatio","cgroupRatio","cgroupFullIn"]\n', stderr: '' })
  }
})

test('variables win over the file, leaf by leaf', (t) => {
  const dir = tempDir(t)
  fs.writeFileSync(path.join(dir, 'heapwarden.config.json'), JSON.stringify({
    $schema: 'x', interval: '5s', snapshots: { dir: 'a', keep: { count: 9, bytes: '1GB' } }
  }))
  const env = { HEAPWARDEN_INTERVAL: '2s', HEAPWARDEN_KEEP_COUNT: '3', HEAPWARDEN_REDACT: 'yes', HEAPWARDEN_LEVEL: '' }
  const { options, log, enabled, strangers } = readConfig(env, dir)
  assert.deepEqual(options, { interval: '2s', snapshots: { dir: 'a', keep: { count: 3, bytes: '1GB' }, redact: true } })
  assert.deepEqual([log, enabled, strangers], ['off', undefined, []])
})

test('HEAPWARDEN_CONFIG names another file, which then has to be there', (t) => {
  const dir = tempDir(t)
  fs.writeFileSync(path.join(dir, 'mine.json'), '{"history":7}')
  assert.deepEqual(readConfig({ HEAPWARDEN_CONFIG: 'mine.json' }, dir).options, { history: 7 })
  assert.deepEqual(readConfig({}, dir).options, {})
  assert.throws(() => readConfig({ HEAPWARDEN_CONFIG: 'none.json' }, dir), { code: 'HEAPWARDEN_INVALID_OPTION', message: /none\.json/ })
})

test('every option of a watch has a variable that is understood', () => {
  const values = {
    DURATION: '20s', COUNT: '5', SIZE: '1MB', 'SIZE|auto': 'auto', BOOLEAN: 'false', RULES: 'rss > 5GB', SIGNAL: 'SIGUSR2', SIGNALS: 'SIGTERM, SIGINT', FOLDER: '/a', FILE: '/b', MODE: 'inline', FORM: 'image', LEVEL: '3', TEXT: 'x'
  }
  for (const { env, option, form } of settings) {
    const { options } = readConfig({ [env]: values[form] }, nowhere)
    const checked = checkWatch(options)
    const value = option.reduce((at, name) => at[name], options)
    assert.notEqual(value, undefined, env)
    assert.ok(Object.hasOwn(checked, option[0]), env)
  }
  const { options } = readConfig({ HEAPWARDEN_NEAR_HEAP_LIMIT: '1', HEAPWARDEN_NEAR_HEAP_LIMIT_WAIT: '5s' }, nowhere)
  assert.deepEqual(options, { nearHeapLimit: { wait: '5s' } })
  assert.deepEqual(readConfig({ HEAPWARDEN_NEAR_HEAP_LIMIT: '0', HEAPWARDEN_NEAR_HEAP_LIMIT_WAIT: '5s' }, nowhere).options, { nearHeapLimit: false })
  assert.deepEqual(readConfig({ HEAPWARDEN_FREEZE_ON: 'SIGTERM, SIGINT' }, nowhere).options, { freezeOn: ['SIGTERM', 'SIGINT'] })
  assert.deepEqual(readConfig({ HEAPWARDEN_FREEZE_ON: 'off' }, nowhere).options, { freezeOn: [] })
})

test('rules as text', () => {
  assert.deepEqual(parseRules('heapUsed > 512MB for 30s do snapshot; low : rss<1e9;', 'x'), [
    { name: 'heapUsed > 512MB for 30s do snapshot', metric: 'heapUsed', above: '512MB', for: '30s', do: ['snapshot'] },
    { name: 'low', metric: 'rss', below: 1e9, for: 0, do: ['snapshot'] }
  ])
  assert.deepEqual(parseRules('rss > 1 GB do nothing', 'x')[0].do, [])
  assert.deepEqual(parseRules('[{"name":"a"}]', 'x'), [{ name: 'a' }])
  for (const text of ['rss', 'rss > ', '> 5', 'rss = 5', '[', 'rss 5 for 3s']) {
    assert.throws(() => parseRules(text, 'HEAPWARDEN_RULES'), { code: 'HEAPWARDEN_INVALID_OPTION', message: /^HEAPWARDEN_RULES: / })
  }
  const { rules } = checkWatch({ rules: parseRules('heapUsedRatio > 80% for 1m', 'x') })
  assert.deepEqual([rules[0].above, rules[0].forMs], [0.8, 60_000])
})

// [what, variables, file, what the warning says]
const faulty = [
  ['an absurd interval', { HEAPWARDEN_INTERVAL: '1ms' }, null, /HEAPWARDEN_INTERVAL: '1ms' was given/],
  ['no number', { HEAPWARDEN_HISTORY: 'many' }, null, /HEAPWARDEN_HISTORY: 'many'/],
  ['no boolean', { HEAPWARDEN_ENABLED: 'maybe' }, null, /HEAPWARDEN_ENABLED: 'maybe'/],
  ['a bad log form', { HEAPWARDEN_LOG: 'xml' }, null, /HEAPWARDEN_LOG: 'xml'.*'text', 'json' or 'off'/],
  ['a file that is no JSON', {}, '{', /heapwarden\.config\.json is not valid JSON/],
  ['a file that is no object', {}, '[]', /heapwarden\.config\.json: \[\]/],
  ['an unknown option in the file', {}, '{"intervall":1}', /did you mean 'interval'/],
  ['a file that is missing', { HEAPWARDEN_CONFIG: 'gone.json' }, null, /gone\.json/],
  ['an unknown metric', { HEAPWARDEN_RULES: 'heap > 5MB' }, null, /HEAPWARDEN_RULES\[0\]\.metric/]
]

for (const [what, env, file, says] of faulty) {
  test(`a faulty configuration never stops the program: ${what}`, async (t) => {
    const dir = tempDir(t)
    if (file !== null) fs.writeFileSync(path.join(dir, 'heapwarden.config.json'), file)
    const { status, stdout, stderr } = await preloaded(dir, { env })
    assert.deepEqual([status, stdout], [0, 'unwatched\n'])
    assert.match(stderr, /HeapwardenWarning: this process is not watched/)
    assert.match(stderr, says)
  })
}

test('a variable with a slip is warned of, and the rest is used', async (t) => {
  const { stdout, stderr } = await preloaded(tempDir(t), { env: { HEAPWARDEN_INTERVALL: '5s' } })
  assert.match(stderr, /HEAPWARDEN_INTERVALL: there is no such variable \(did you mean 'HEAPWARDEN_INTERVAL'\?\)/)
  assert.match(stdout, /heapUsedRatio/)
})

test('package managers are not watched unless told; neither is anything if told not to', async (t) => {
  const dir = tempDir(t)
  fs.mkdirSync(path.join(dir, 'bin'))
  for (const name of ['npm-cli.js', 'npx', 'yarn.js', 'yarn-4.1.0.cjs', 'corepack.js', 'pnpm.cjs', 'server.js']) {
    fs.writeFileSync(path.join(dir, name), show)
    const { stdout } = await preloaded(dir, { args: [name] })
    assert.equal(stdout === 'unwatched\n', name !== 'server.js', name)
  }
  fs.symlinkSync('../npm-cli.js', path.join(dir, 'bin', 'tool'))
  assert.equal((await preloaded(dir, { args: ['bin/tool'] })).stdout, 'unwatched\n', 'through a link')
  assert.notEqual((await preloaded(dir, { args: ['npx'], env: { HEAPWARDEN_ENABLED: '1' } })).stdout, 'unwatched\n')
  assert.equal((await preloaded(dir, { args: ['server.js'], env: { HEAPWARDEN_ENABLED: '0' } })).stdout, 'unwatched\n')
})

test('worker threads are watched if told', async (t) => {
  const program = `new (require('node:worker_threads').Worker)(${JSON.stringify(show)}, { eval: true })`
  const run = (env) => preloaded(tempDir(t), { args: ['-e', program], env })
  assert.equal((await run({})).stdout, 'unwatched\n')
  assert.match((await run({ HEAPWARDEN_WORKERS: '1' })).stdout, /heapUsedRatio/)
})

test('tells on stderr what happens, as text or as JSON lines', async (t) => {
  const program = "const { monitor } = require(process.env.REGISTER); const t = setInterval(() => {}, 1000); monitor.on('snapshot', () => setImmediate(() => clearInterval(t)))"
  const run = (form) => {
    const dir = tempDir(t)
    return preloaded(dir, { args: ['-e', program], env: { HEAPWARDEN_LOG: form, HEAPWARDEN_INTERVAL: '20ms', HEAPWARDEN_RULES: 'big: rss > 1MB', HEAPWARDEN_DIR: dir } })
  }
  const text = await run('text')
  assert.match(text.stderr, /^heapwarden\[\d+\]: big was breached at \d+/m)
  assert.match(text.stderr, /^heapwarden\[\d+\]: wrote .*\.heapsnapshot\.zst/m)
  const lines = (await run('json')).stderr.trim().split('\n').map((line) => JSON.parse(line))
  assert.deepEqual([...new Set(lines.map(({ event }) => event))].filter((event) => event !== 'warning'), ['breach', 'snapshot'])
  assert.ok(lines.every(({ pid, name, time }) => pid > 0 && name === 'heapwarden' && !Number.isNaN(Date.parse(time))))
  assert.equal((await run('off')).stderr, '')
})

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { once } = require('node:events')
const { test } = require('node:test')
const { capabilities, takeSnapshot } = require('../..')
const { version } = require('../../package.json')
const { environment, nodeOptions } = require('../../lib/cli/run')
const { settings } = require('../../lib/options/variables')
const { bytes } = require('../../lib/cli/terminal')
const { bin, heapwarden, usedWrongly } = require('../support/cli')
const { node, root, run, tempDir } = require('../support/helpers')

test('--help of all and of each, --version', async () => {
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { status, stdout, stderr } = await heapwarden(args)
    assert.deepEqual([status, stderr], [0, ''])
    for (const command of ['run', 'ls', 'cat', 'summary', 'diff', 'paths', 'demo']) assert.match(stdout, new RegExp(`^  ${command} `, 'm'))
  }
  for (const command of ['run', 'ls', 'cat']) {
    for (const args of [[command, '--help'], ['help', command]]) {
      const { status, stdout } = await heapwarden(args)
      assert.equal(status, 0)
      assert.match(stdout, new RegExp(`^usage: heapwarden ${command}`))
    }
  }
  assert.deepEqual(await heapwarden(['--version']), { status: 0, signal: null, stdout: `${version}\n`, stderr: '' })
})

usedWrongly([
  [[], /^usage: heapwarden COMMAND/],
  [['lss'], /no command lss \(did you mean 'ls'\?\)/],
  [['--versoin'], /no option --versoin/],
  [['ls', '--jsno'], /no option --jsno \(did you mean '--json'\?\)/],
  [['ls', 'a', 'b'], /too many arguments: b/],
  [['cat'], /which FILE\?/],
  [['run'], /put -- before/],
  [['run', 'node', 'x.js'], /put -- before/],
  [['run', '--'], /which COMMAND\?/],
  [['run', 'stray', '--', 'node'], /too many arguments: stray/],
  [['run', '--intervall', '5s', '--', 'node'], /did you mean '--interval'\?/],
  [['run', '--interval', '5ms', '--', 'node'], /heapwarden: --interval: '5ms' was given/],
  [['run', '--rules', 'rss', '--', 'node'], /heapwarden: --rules: 'rss' was given/],
  [['run', '--log', 'xml', '--', 'node'], /heapwarden: --log: 'xml'/],
  [['run', '--config', 'none.json', '--', 'node'], /none\.json/]
])

test('a wrong value is told of by the name that was typed, whichever it is', () => {
  const fails = (values, env = {}) => {
    try {
      environment(values, { HEAPWARDEN_CONFIG: '', ...env })
    } catch ({ code, message }) {
      return { code, name: message.split(/[:[]/)[0] }
    }
  }
  for (const { flag, env } of settings) {
    // No text is a wrong path.
    if (['dir', 'path'].includes(flag)) continue
    const wrong = flag === 'rules' ? '[{"metric":"rss"}]' : 'a\nb'
    assert.deepEqual(fails({ [flag]: wrong }), { code: 'HEAPWARDEN_INVALID_OPTION', name: `--${flag}` })
    assert.deepEqual(fails({}, { [env]: wrong }), { code: 'HEAPWARDEN_INVALID_OPTION', name: env })
  }
  assert.equal(fails({ log: 'xml' }).name, '--log')
  assert.equal(fails({}, { HEAPWARDEN_LOG: 'xml' }).name, 'HEAPWARDEN_LOG')
})

for (const [args, says] of [
  [['summary', 'x', '--max-memory', 'much'], '--max-memory'],
  [['summary', 'x', '--top', '0'], '--top'],
  [['diff', 'x', 'y', '--top', '0'], '--top'],
  [['diff', 'x', 'y', '--ids', 'no'], '--ids'],
  [['paths', 'x', '--id', '99999999999999999999'], '--id'],
  [['paths', 'x', '--id', '1', '--top', '5000'], '--top'],
  [['paths', 'x', '--class', ''], '--class']
]) {
  test(`told by its flag: ${args.join(' ')}`, async () => {
    const { status, stderr } = await heapwarden(args)
    assert.equal(status, 2)
    assert.ok(stderr.startsWith(`heapwarden: ${says}`), stderr)
  })
}

test('too little memory is told by the flag', { skip: !capabilities.analysis.available && 'analyses need the binary' }, async (t) => {
  const { path: file } = await takeSnapshot({ dir: tempDir(t) })
  const { status, stderr } = await heapwarden(['summary', file, '--max-memory', '1MB'])
  assert.equal(status, 1)
  assert.match(stderr, /and --max-memory allows .*; raise the limit or --max-memory, or/)
  const json = await heapwarden(['summary', file, '--max-memory', '1MB', '--json'])
  assert.match(JSON.parse(json.stderr).message, /and maxMemory allows/)
})

test('a folder that is named and not there is not found', async (t) => {
  const dir = path.join(tempDir(t), 'none')
  const { status, stdout, stderr } = await heapwarden(['ls', dir])
  assert.deepEqual([status, stdout, stderr], [1, '', `heapwarden: there is no folder ${dir}\n`])
  const json = await heapwarden(['ls', dir, '--json'])
  assert.deepEqual([json.status, json.stdout, JSON.parse(json.stderr).code], [1, '', 'HEAPWARDEN_NOT_FOUND'])
  // Where none was taken yet there need not be one.
  assert.equal((await heapwarden(['ls'], { env: { HEAPWARDEN_DIR: dir } })).status, 0)
})

test('ls and cat show what is there', async (t) => {
  const dir = tempDir(t)
  const empty = await heapwarden(['ls', dir])
  assert.deepEqual([empty.status, empty.stdout, empty.stderr], [0, '', `no snapshots in ${dir}\n`])
  const info = await takeSnapshot({ dir, trigger: 'by hand' })

  const table = await heapwarden(['ls'], { env: { HEAPWARDEN_DIR: dir } })
  assert.match(table.stdout, /^TAKEN .*\n\d{4}-.*by hand.*\.heapsnapshot\.zst\n$/)
  const list = await heapwarden(['ls', path.relative(root, dir), '--json'], { cwd: root })
  assert.deepEqual(JSON.parse(list.stdout).map(({ path: file, trigger }) => [file, trigger]), [[info.path, 'by hand']])

  // One whose time is no calendar's is listed too, and the others with it.
  const odd = path.join(dir, 'odd.heapsnapshot.zst')
  const bytes = fs.readFileSync(info.path).toString('latin1')
  fs.writeFileSync(odd, bytes.replace(/"at":[\d.]+/, (at) => '"at":9e99'.padEnd(at.length)), 'latin1')
  const both = await heapwarden(['ls', dir])
  assert.equal(both.status, 0)
  assert.match(both.stdout, /^\? .*odd\.heapsnapshot\.zst$/m)
  assert.match(both.stdout, /^\d{4}-.*by hand/m)

  const cat = await heapwarden(['cat', info.path])
  assert.equal(cat.status, 0)
  assert.equal(Buffer.byteLength(cat.stdout), info.rawBytes)
  assert.equal(JSON.parse(cat.stdout).snapshot.node_count, info.nodes)
})

test('failures are 1, told in a line or as JSON', async (t) => {
  const file = path.join(tempDir(t), 'none.heapsnapshot.zst')
  const plain = await heapwarden(['cat', file])
  assert.equal(plain.status, 1)
  assert.match(plain.stderr, /^heapwarden: .*none\.heapsnapshot\.zst.*\n$/)
  const json = await heapwarden(['cat', file, '--json'])
  assert.equal(json.status, 1)
  assert.equal(JSON.parse(json.stderr).code, 'HEAPWARDEN_NOT_FOUND')
})

test('cat into a pipe that closes early is no failure', { skip: process.platform === 'win32' }, async (t) => {
  const { path: file } = await takeSnapshot({ dir: tempDir(t) })
  const script = '"$0" "$1" cat "$2" | head -c 5; echo "${PIPESTATUS[0]}"'
  const { stdout, stderr } = await run('bash', ['-c', script, process.execPath, bin, file])
  assert.deepEqual([stdout.slice(5), stderr], ['0\n', ''])
})

test('run watches a program that knows nothing of it', async (t) => {
  const dir = path.join(tempDir(t), 'a folder')
  const program = "const t = setInterval(() => { const fs = require('node:fs'); if (fs.existsSync(process.argv[1]) && fs.readdirSync(process.argv[1]).some((n) => /^[^.].*zst$/.test(n))) clearInterval(t) }, 20)"
  const { status, stderr } = await heapwarden(['run', '--interval', '20ms', '--rules', 'big: rss > 1MB', '--dir', dir, '--stable-ids', '--json', '--', process.execPath, '-e', program, dir])
  assert.equal(status, 0, stderr)
  const breach = stderr.trim().split('\n').map((line) => JSON.parse(line)).find(({ event }) => event === 'breach')
  assert.equal(breach.rule, 'big')
})

test('run hands options over as variables, and everything else untouched', async (t) => {
  const dir = tempDir(t)
  const program = 'console.log(JSON.stringify([process.env, process.argv.slice(1)]))'
  const { stdout, stderr } = await heapwarden(
    ['run', '--keep-count', '3', '--no-redact', '--near-heap-limit', '--dir', 'heaps', '--log', 'off', '--', process.execPath, '-e', program, '--', '--help', 'a b'],
    { cwd: dir, env: { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --no-deprecation`.trim(), HEAPWARDEN_LEVEL: '2' } })
  const [env, args] = JSON.parse(stdout || stderr)
  assert.deepEqual(args, ['--help', 'a b'])
  assert.deepEqual([env.HEAPWARDEN_KEEP_COUNT, env.HEAPWARDEN_REDACT, env.HEAPWARDEN_NEAR_HEAP_LIMIT, env.HEAPWARDEN_LOG, env.HEAPWARDEN_LEVEL], ['3', 'false', 'true', 'off', '2'])
  assert.equal(env.HEAPWARDEN_DIR, path.join(fs.realpathSync(dir), 'heaps'))
  assert.ok(env.NODE_OPTIONS.includes('--no-deprecation --require "'))
})

test('NODE_OPTIONS are added to, with blanks, quotes and backslashes kept', async (t) => {
  assert.equal(nodeOptions(undefined, '/a/register.js'), '--require "/a/register.js"')
  const dir = path.join(tempDir(t), 'a "strange\\ folder')
  fs.mkdirSync(dir)
  const file = path.join(dir, 'preload.js')
  fs.writeFileSync(file, 'console.log("loaded")')
  const { stdout, stderr } = await node(['-e', ''], { env: { NODE_OPTIONS: nodeOptions('--no-deprecation', file) } })
  assert.equal(stdout, 'loaded\n', stderr)
})

test('run ends as its program does', async () => {
  assert.equal((await heapwarden(['run', '--', process.execPath, '-e', 'process.exit(7)'])).status, 7)
  const failed = await heapwarden(['run', '--', './no-such-program'])
  assert.equal(failed.status, 1)
  assert.match(failed.stderr, /no-such-program cannot be run/)
})

test('run passes signals on, and ends by them', { skip: process.platform === 'win32' }, async () => {
  const program = "process.on('SIGTERM', () => { console.log('told'); process.exit(3) }); console.log('up'); setInterval(() => {}, 1000)"
  const signal = async (code, name) => heapwarden(['run', '--', process.execPath, '-e', code], {
    async onStart (child) {
      await once(child.stdout, 'data')
      child.kill(name)
    }
  })
  const asked = await signal(program, 'SIGTERM')
  assert.deepEqual([asked.status, asked.signal, asked.stdout], [3, null, 'up\ntold\n'])
  const ended = await signal("console.log('up'); setInterval(() => {}, 1000)", 'SIGTERM')
  assert.deepEqual([ended.status, ended.signal], [null, 'SIGTERM'])
  const aborted = await heapwarden(['run', '--', process.execPath, '-e', "process.kill(process.pid, 'SIGABRT')"])
  assert.deepEqual([aborted.status, aborted.signal], [134, null], 'a second core file would hide the first')
})

test('sizes are short', () => {
  assert.deepEqual([0, 999, 1000, 999_949, 999_960, 12_345_678, 5e15].map(bytes), ['0 B', '999 B', '1.0 kB', '999.9 kB', '1.0 MB', '12.3 MB', '5000.0 TB'])
})

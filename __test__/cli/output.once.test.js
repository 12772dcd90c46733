'use strict'

// What commands print: what came from files is made printable, and an output that fails is an ordinary failure.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { text } = require('node:stream/consumers')
const { before, after, test } = require('node:test')
const { takeSnapshot } = require('../..')
const { printable, printableJson } = require('../../lib/base/printable')
const { bin } = require('../support/cli')
const { node, root } = require('../support/helpers')

const evil = 'evil\u001b[2J\u009b31m\nheapwarden: all is well\u202e\r'
// eslint-disable-next-line no-control-regex
const wild = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]|^heapwarden: all is well/m

let dir, file
before(async () => {
  dir = fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'heapwarden-output-'))
  const folder = path.join(dir, evil)
  fs.mkdirSync(folder)
  // We would not take such a trigger; whoever writes a file by hand may.
  const trigger = JSON.stringify(evil).slice(1, -1)
  const info = await takeSnapshot({ dir: folder, trigger: 'x'.repeat(Buffer.byteLength(trigger)) })
  file = info.path
  const bytes = fs.readFileSync(file)
  bytes.write(trigger, bytes.indexOf(info.trigger))
  fs.writeFileSync(file, bytes)
  // Ours by its metadata, named by somebody else.
  fs.copyFileSync(file, path.join(folder, `${evil}.heapsnapshot.zst`))
  fs.mkdirSync(path.join(folder, 'empty'))
})
after(() => fs.rmSync(dir, { recursive: true, force: true }))

test('what came from names, metadata and heaps is made printable, on stdout and on stderr', async () => {
  const folder = path.dirname(file)
  const id = 'nothing'
  for (const args of [['ls', folder], ['ls', folder, '--json'], ['ls', path.join(folder, 'empty')], ['summary', folder], ['diff', folder, folder],
    ['summary', path.join(folder, 'none')], ['summary', folder, '--json'], ['paths', folder, '--class', evil], ['cat', path.join(folder, 'none')],
    ['run', '--', path.join(folder, id)], ['cat', folder]]) {
    const { stdout, stderr } = await node([bin, ...args])
    assert.doesNotMatch(stdout + stderr, wild, args.join(' '))
  }
  const { stdout } = await node([bin, 'ls', folder])
  assert.equal(stdout.trimEnd().split('\n').length, 3, stdout)
  assert.ok(stdout.includes(printable(evil)), stdout)
  assert.deepEqual(JSON.parse(printableJson({ evil })), { evil })
})

const full = fs.existsSync('/dev/full') ? false : 'there is no /dev/full'
for (const args of [['cat', 'FILE'], ['cat', '--json', 'FILE'], ['ls', 'DIR'], ['ls', 'DIR', '--json'], ['summary', 'FILE'], ['diff', 'FILE', 'FILE'],
  ['paths', 'FILE', '--class', 'Object'], ['--help'], ['--version'], ['ls', '--help']]) {
  test(`${args.join(' ')} into a full disk: a message and exit status 1`, { skip: full }, async (t) => {
    const out = fs.openSync('/dev/full', 'w')
    t.after(() => fs.closeSync(out))
    const given = args.map((one) => one === 'FILE' ? file : one === 'DIR' ? path.dirname(file) : one)
    const child = spawn(process.execPath, [bin, ...given], { stdio: ['ignore', out, 'pipe'], timeout: 60_000 })
    const [said, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    assert.equal(status, 1, said)
    assert.match(said, args.includes('--json') ? /^{"code":"ENOSPC","message":"cannot write the output: [^\n]*"}\n$/ : /^heapwarden: cannot write the output: ENOSPC[^\n]*\n$/)
  })
}

for (const args of [['cat', 'FILE'], ['summary', 'FILE'], ['--help']]) {
  test(`${args.join(' ')} | true: the reader is gone, and that is no failure`, async () => {
    const given = args.map((one) => one === 'FILE' ? file : one)
    const child = spawn(process.execPath, [bin, ...given], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
    child.stdout.destroy()
    const [said, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    assert.deepEqual([status, said], [0, ''])
  })
}

test('what somebody else wrote drives no terminal, in JSON neither', () => {
  const { printableJsonLine, printable } = require('../../lib/base/printable')
  const wild = 'a\u009b31m\u202eb\u2066\u001b[2J\nc'
  for (const line of [printableJsonLine({ message: wild }), printable(wild)]) {
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
  }
  assert.deepEqual(JSON.parse(printableJsonLine({ message: wild })), { message: wild })
})

for (const flags of [[], ['--json']]) {
  test(`an error that names a file with escapes in its name: ${flags}`, async () => {
    const child = spawn(process.execPath, [bin, 'thaw', 'a\u009b31m\u202e', ...flags], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 })
    const [said, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    assert.equal(status, 1)
    assert.match(said, /a\\u009b31m\\u202e/)
    assert.doesNotMatch(said, /[\u007f-\u009f\u202a-\u202e]/)
  })
}

test('capabilities do not ask the allocator on the thread that runs JavaScript', async () => {
  // There it has no answer any more: a capability that asked would be missing.
  const { status, stdout } = await node(['-e', `
    const { watch, capabilities } = require(${JSON.stringify(root)})
    const monitor = watch({ rules: [], nearHeapLimit: false })
    monitor.sample().then(({ allocator }) => {
      console.log(capabilities.allocator.available, Boolean(allocator))
      return monitor.stop()
    })`])
  assert.equal(status, 0)
  const [available, sampled] = stdout.trim().split(' ')
  assert.equal(available, sampled, 'what the sampler reads is what is said to be there')
  if (process.report.getReport().header.glibcVersionRuntime >= '2.33') assert.equal(available, 'true')
})

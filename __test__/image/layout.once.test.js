'use strict'

// A process whose memory the kernel puts from below, one mapping above the other, as it does without a limit of the stack: amid the
// addresses that are V8's alone elsewhere. What a child drops of V8's pages as it writes them must be nobody else's.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const path = require('node:path')
const { test } = require('node:test')
const { ask } = require('../..')
const { tempDir } = require('../support/helpers')
const { options } = require('../support/stuck')

const LIMIT = 'ulimit -s unlimited && exec "$0" -e "$1" "$2" "$3"'
const { status } = spawnSync('sh', ['-c', LIMIT, process.execPath, ''])
const skip = options.skip || (status !== 0 && 'the limit of the stack cannot be taken away here')

const PROGRAM = `
  const [, dir, mode] = process.argv
  global.kept = { map: new Map(Array.from({ length: 50_000 }, (_, i) => [i, { name: 'name ' + i }])), buffer: Buffer.alloc(1 << 20, 7) }
  const libc = /^(\\w+)-.*\\/libc[.-]/m.exec(require('fs').readFileSync('/proc/self/maps', 'latin1'))[1]
  require(${JSON.stringify(path.resolve(__dirname, '../..'))}).takeSnapshot({ dir, form: 'image', mode }).then(
    ({ path, mode }) => console.log(JSON.stringify({ path, mode, libc })))
`

for (const mode of ['fork', 'inline']) {
  test(`an image of a process without a limit of its stack (${mode})`, { ...options, skip }, async (t) => {
    const said = execFileSync('sh', ['-c', LIMIT, process.execPath, PROGRAM, tempDir(t), mode], { encoding: 'utf8' })
    const { path: image, mode: taken, libc } = JSON.parse(said)
    assert.equal(taken, mode)
    assert.ok(Number.parseInt(libc, 16) < 0x4000_0000_0000, `libc at ${libc} is among V8's addresses`)
    assert.equal(await ask(image, '[kept.map.get(49_999).name, kept.map.size, kept.buffer.every((byte) => byte === 7)].join()'), 'name 49999,50000,true')
  })
}

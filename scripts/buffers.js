'use strict'

// What it costs to leave the contents of Buffers out of images: `node scripts/buffers.js [COUNT]`, COUNT small Buffers (100,000) and
// 100 MB of large ones. Medians of images by fork and in place, with the contents and without, taken in turns in one process.

const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { median } = require('./base/median')
const { takeSnapshot } = require('..')

const count = Number(process.argv[2] ?? 100_000)
const kept = [
  Array.from({ length: count }, (_, i) => Buffer.allocUnsafeSlow(100).fill(i)),
  Array.from({ length: 100 }, () => randomBytes(1e6))
]

async function main () {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-buffers-'))
  const taken = new Map()
  for (let round = 0; round < 5; round++) {
    for (const mode of ['fork', 'inline']) {
      for (const buffers of [true, false]) {
        const info = await takeSnapshot({ dir, form: 'image', mode, maxPause: '1m', keep: { count: 1 }, images: { buffers } })
        const name = `${mode}, ${buffers ? 'with' : 'without'} contents`
        taken.set(name, [...taken.get(name) ?? [], info])
      }
    }
  }
  fs.rmSync(dir, { recursive: true })
  console.log(`${process.version}, ${kept[0].length} small Buffers and ${kept[1].length} of 1 MB`)
  for (const [name, infos] of taken) {
    const of = (field) => median(infos.map((info) => info[field]))
    console.log(`${name}: JavaScript stands still for ${of('pauseMs').toFixed(1)} ms, ready after ${of('durationMs').toFixed(0)} ms, ${(of('bytes') / 1e6).toFixed(1)} MB of ${(of('rawBytes') / 1e6).toFixed(1)} MB`)
  }
}

main()

'use strict'

// A heap image against V8's snapshot of the same heap, both by a forked child; in place against writing the same bytes; its file
// against a packed core dump; thawed against v8.writeHeapSnapshot(). Each in a fresh process, in turn. And how much later
// a process dies at its heap limit.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { compileBareFork, watchChildren } = require('./lib/children')
const { median, program } = require('./lib/measure')
const { endedAtLimit } = require('./lib/limit')

const ORDER = ['image', 'snapshot', 'in-place', 'v8']

async function once (how, input) {
  let most
  const flags = ['--max-old-space-size=8192', '--expose-gc', '--no-memory-reducer']
  const result = await program('image', { how, ...input }, flags, ({ pid }) => { most = watchChildren(pid, 10) }).finally(() => most?.())
  return { ...result, privateMemory: most() }
}

async function deaths (rounds, megabytes, dir, note) {
  const later = []
  for (let round = 0; round < rounds; round++) {
    const ms = {}
    for (const how of round % 2 ? ['unwatched', 'images'] : ['images', 'unwatched']) ms[how] = await endedAtLimit(how, megabytes, dir)
    note(`death at ${megabytes} MB, round ${round + 1}: ${Math.round(ms.images)} ms with an image, ${Math.round(ms.unwatched)} without`)
    later.push((ms.images - ms.unwatched) / 1000)
  }
  return median(later)
}

async function run ({ rounds, quick, note }) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  try {
    const input = { dir, addon: compileBareFork(dir, note), megabytes: quick ? 5 : 100 }
    const all = []
    for (let round = 0; round < rounds; round++) {
      const one = {}
      // A core is large and the same each time.
      for (const how of round % 2 ? ORDER.toReversed() : ORDER) one[how] = await once(how, { ...input, core: round === 0 })
      note(`round ${round + 1}: ${JSON.stringify(one)}`)
      all.push(one)
    }
    const of = (figure) => median(all.map(figure))
    const { coreBytes, bytes } = all[0].image
    const size = quick ? 20 : 400
    return [
      { what: "CPU to the finished file / V8's snapshot in a child", value: of(({ image, snapshot }) => image.cpuMs / snapshot.cpuMs), unit: '×', atMost: 1 / 8 },
      { what: "the child's own memory", value: of(({ image }) => image.privateMemory / 2 ** 20), unit: 'MiB', atMost: 6 },
      ...input.addon ? [{ what: 'pause by fork / bare fork', value: of(({ image }) => image.pauseMs / image.bareForkMs), unit: '×', atMost: 1.5 }] : [],
      { what: 'pause in place / writing the same bytes', value: of(({ 'in-place': inPlace }) => inPlace.pauseMs / inPlace.writeMs), unit: '×', atMost: 2 },
      { what: 'pause in place', value: of(({ 'in-place': inPlace }) => inPlace.pauseMs / 1000), unit: 's', atMost: 0.2 },
      ...coreBytes ? [
        { what: 'file / gzip of a core dump of the same process', value: bytes / coreBytes, unit: '×', atMost: 1 / 2 },
        { what: 'the same of a file that was written in place', value: all[0]['in-place'].bytes / coreBytes, unit: '×' }
      ] : [],
      { what: 'thawed to a snapshot / v8.writeHeapSnapshot()', value: of(({ image, v8 }) => image.thawMs / v8.wallMs), unit: '×', atMost: 1.3 },
      { what: `death at the heap limit, ${size} MB: later by`, value: await deaths(Math.min(rounds, 5), size, dir, note), unit: 's', atMost: 1 }
    ]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

module.exports = { name: 'image', title: "a heap image against V8's snapshot of the same heap", run }

'use strict'

// What clients of an Express server feel of heap images by fork: the same server under a steady load, in turn frozen again and again, once, and
// left alone. One image takes half a second, which is too few requests for a 99th percentile of their own: so it is taken of many images
// on end, and of some seconds in which there is one. Server, load and child share the machine's cores.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { saturate, start, steady } = require('./lib/load')
const { median } = require('./lib/measure')

const RATE = 300

async function freeze (url) {
  const response = await fetch(`${url}snapshot`, { method: 'POST' })
  const info = await response.json()
  if (!response.ok || info.form !== 'image' || info.mode !== 'fork') throw new Error(`no image by fork: ${JSON.stringify(info)}`)
  return info
}

/** One image after the other, until so much time has passed. */
async function freezeOn (url, ms) {
  const all = []
  for (const began = performance.now(); performance.now() - began < ms;) all.push(await freeze(url))
  return all
}

async function once (url, seconds) {
  const frozen = freezeOn(url, seconds * 1000)
  const during = await steady(url, RATE, frozen)
  const without = await steady(url, RATE, sleep(seconds * 1000))
  const around = await steady(url, RATE, Promise.all([freeze(url), sleep(seconds * 1000)]))
  return { during, without, around, images: await frozen }
}

async function run ({ rounds, quick, note }) {
  const seconds = quick ? 2 : 8
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  const all = []
  let server
  try {
    server = await start('captured-server', { megabytes: quick ? 5 : 100, dir, form: 'image' })
    await saturate(server.url, Math.min(seconds, 3)) // compiled before it is measured
    await freeze(server.url) // what is stored once a folder is stored
    for (let round = 0; round < rounds; round++) {
      const one = await once(server.url, seconds)
      const ms = ({ requests, p99, longest }) => `p99 ${p99.toFixed(2)} ms (longest ${longest.toFixed(1)}) of ${requests}`
      const pauses = one.images.map(({ pauseMs }) => pauseMs)
      const took = median(one.images.map(({ durationMs }) => durationMs))
      note(`round ${round + 1}: ${ms(one.during)} during ${pauses.length} images of ${Math.round(took)} ms, paused ${median(pauses).toFixed(1)} ` +
        `(at most ${Math.max(...pauses).toFixed(1)}); ${ms(one.around)} around one image; ${ms(one.without)} without`)
      all.push(one)
    }
  } finally {
    server?.child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
  return [
    { what: `p99 latency at ${RATE}/s, during images by fork / without`, value: median(all.map(({ during, without }) => during.p99 / without.p99)), unit: '×', atMost: 1.3 },
    { what: `the same of ${seconds} s with one image / without`, value: median(all.map(({ around, without }) => around.p99 / without.p99)), unit: '×' },
    { what: 'longest request, during images by fork / without', value: median(all.map(({ during, without }) => during.longest / without.longest)), unit: '×' }
  ]
}

module.exports = { name: 'freeze-load', title: 'Express during heap images by fork', run }

#!/usr/bin/env node
'use strict'

// Workers, wasm memories and threads come and go while snapshots are taken by fork, and children are started all the
// time.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')
const { takeSnapshot } = require('..')
const { unforkable } = require('../__test__/support/stacks')
const { commandLine } = require('./base/command-line')
const { scratchFolder } = require('./base/undo')

const USAGE = `usage: node scripts/spawn-soak.js [SECONDS]

600 seconds if they are not given. Exit status 1 if a spawn failed or a thread's stack lost its place in the next fork.`

const WIDTH = 4
const CHURN = `
  const kept = Array.from({ length: 5_000 + Math.random() * 50_000 }, (_, i) => ({ i, list: [i] }))
  const memories = Array.from({ length: 4 }, () => new WebAssembly.Memory({ initial: 16, maximum: 256 }))
  require('node:child_process').spawnSync('true')
  setTimeout(() => process.exit(kept.length > 0 && memories.length > 0 ? 0 : 1), Math.random() * 200)`

async function main () {
  const { operands, count } = commandLine(USAGE, { operands: 1 })
  const seconds = count('SECONDS', operands[0] ?? 600)
  const { dir, remove } = scratchFolder('heapwarden-soak-')
  const end = performance.now() + seconds * 1000
  const going = () => performance.now() < end
  const seen = { snapshots: 0, spawns: 0, workers: 0, failed: {}, stacks: [] }
  const fail = (what) => { seen.failed[what] = (seen.failed[what] ?? 0) + 1 }
  const churn = async () => {
    while (going()) {
      const resourceLimits = { stackSizeMb: Math.random() < 0.3 ? 100 + Math.random() * 200 : 4 }
      const [code] = await once(new Worker(CHURN, { eval: true, resourceLimits }), 'exit')
      if (code !== 0) fail(`worker ${code}`)
      seen.workers++
    }
  }
  const spawns = async () => {
    while (going()) {
      const [code, signal] = await once(spawn('true', { stdio: 'ignore' }), 'exit')
      if (code !== 0) fail(`spawn ${signal ?? code}`)
      seen.spawns++
    }
  }
  const captures = async () => {
    while (going()) {
      await takeSnapshot({ dir, mode: 'fork', keep: { count: 1 } }).then(() => seen.snapshots++, (error) => fail(`snapshot ${error.code}`))
      seen.stacks.push(...unforkable().stacks)
    }
  }
  await Promise.all([...Array.from({ length: WIDTH }, churn), spawns(), captures()])
  remove()
  console.log(`Node ${process.versions.node}: ${JSON.stringify(seen)}`)
  process.exitCode = Object.keys(seen.failed).length + seen.stacks.length > 0 ? 1 : 0
}

main()

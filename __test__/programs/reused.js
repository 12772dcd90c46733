'use strict'

// A capture is prepared and, before JavaScript's thread comes to fork, a worker's heap goes and other threads' stacks
// and memory come where it was. Says how every spawn after that ended, and which threads' stacks no fork copies.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { Worker } = require('node:worker_threads')
const { unforkable } = require('../support/stacks')
const { watch } = require('../..')

const [dir, objects] = process.argv.slice(2)
const THREADS = 3
/** A stack that has room only where a heap's code was. */
const STACK_MB = 300
const SPAWNS = 5
/** More than a capture takes to be prepared once it has its thread, and a heap to be gone. */
const PREPARED_MS = 500
const GONE_MS = 300
const PATIENCE_MS = 30_000
/** Of the shared array: the worker's heap is full, it may go, so many of the new ones have begun. */
const [FULL, GO, BEGUN] = [0, 1, 2]

async function main () {
  const shared = new Int32Array(new SharedArrayBuffer(16))
  // Whoever reads from it sits in the kernel, where no interrupt of V8's is served.
  const name = path.join(dir, 'fifo')
  spawnSync('mkfifo', [name])
  const fifo = fs.openSync(name, 'r+')
  const goes = new Worker(`
    const { workerData: { shared, objects } } = require('node:worker_threads')
    const kept = Array.from({ length: objects }, (_, i) => ({ i, list: [i] }))
    Atomics.store(shared, ${FULL}, kept.length)
    Atomics.notify(shared, ${FULL})
    Atomics.wait(shared, ${GO}, 0)`, { eval: true, workerData: { shared, objects: Number(objects) } })
  // JavaScript's thread would fork if it were asked to do anything here: another one looks after it.
  const makes = new Worker(`
    const fs = require('node:fs')
    const { setTimeout: sleep } = require('node:timers/promises')
    const { Worker, workerData: shared } = require('node:worker_threads')
    const name = (task) => {
      try {
        return fs.readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim()
      } catch {}
    }
    const begun = \`
      const { workerData: shared } = require('node:worker_threads')
      if (Atomics.add(shared, ${BEGUN}, 1) === ${THREADS - 1}) require('node:fs').writeSync(${fifo}, 'x')
      setInterval(() => {}, 1e6)\`
    async function main () {
      while (!fs.readdirSync('/proc/self/task').some((task) => name(task) === 'heapwarden-fork')) await sleep(5)
      await sleep(${PREPARED_MS})
      Atomics.store(shared, ${GO}, 1)
      Atomics.notify(shared, ${GO})
      await sleep(${GONE_MS})
      const resourceLimits = { stackSizeMb: ${STACK_MB} }
      for (let i = 0; i < ${THREADS}; i++) new Worker(begun, { eval: true, workerData: shared, resourceLimits })
    }
    main()`, { eval: true, workerData: shared })
  await Promise.all([goes, makes].map((worker) => new Promise((resolve) => worker.once('online', resolve))))
  Atomics.wait(shared, FULL, 0, PATIENCE_MS)
  // A rule orders while this thread sits in one native call, as in execSync: prepared elsewhere, it waits for the fork.
  const monitor = watch({ interval: 50, snapshots: { dir, mode: 'fork' }, rules: [{ name: 'any', metric: 'rss', above: 1, do: ['snapshot'] }] })
  const taken = new Promise((resolve, reject) => monitor.once('snapshot', resolve).once('snapshotFailed', reject))
  fs.readSync(fifo, Buffer.alloc(1))
  const { attempts } = await taken
  const ends = Array.from({ length: SPAWNS }, () => spawnSync('true')).map(({ status, signal }) => signal ?? status)
  console.log(JSON.stringify({ attempts, ends, ...unforkable() }))
  process.exit()
}

main()

'use strict'

// Leaves an image from each rung in a folder, one after the other, and says which: {"rung", "path"}. At last it fills its heap and dies of it.
// argv: the folder, and the rungs that are wanted, with commas.

const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { Worker, isMainThread, workerData } = require('node:worker_threads')
const { takeSnapshot, watch } = require('../..')

const say = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)

/** Where the image finds it: by a class that nobody else has. */
class Evidence {
  constructor () {
    this.kept = new Map()
    // Only the closure holds it.
    const hidden = new Set(['a', 'b'])
    this.hidden = () => hidden.size
  }

  get size () { return this.kept.size }
}

const evidence = new Evidence()
globalThis.evidence = evidence
for (let i = 0; i < 20_000; i++) evidence.kept.set(i, { i })

function fill () {
  for (let i = 0; ; i++) evidence.more = { next: evidence.more, i }
}

/** Calls it where no microtask is under way: in one that was frozen no other ones run. */
const outside = (act) => new Promise((resolve) => setImmediate(() => resolve(act())))

const SECOND = 1000

const images = (dir) => fs.readdirSync(dir).filter((name) => name.endsWith('.heapimage.zst'))

const rungs = {
  fork: (dir) => outside(() => takeSnapshot({ dir, form: 'image', mode: 'fork' })),
  inline: (dir) => outside(() => takeSnapshot({ dir, form: 'image', mode: 'inline' })),
  signal: (dir) => outside(() => {
    const derive = (rounds) => crypto.pbkdf2Sync('secret', 'salt', rounds, 64, 'sha512')
    const begin = performance.now()
    derive(50_000)
    const rounds = Math.ceil(50_000 * SECOND / (performance.now() - begin))
    // It is asked in vain for a quarter of its time. From here on this thread comes to no stack guard until there is an image.
    const order = takeSnapshot({ dir, form: 'image', timeout: '8s' })
    const until = Date.now() + 7 * SECOND
    while (images(dir).length === 0 && Date.now() < until) derive(rounds * 4)
    return order
  }),
  async worker (dir) {
    const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 }
    const worker = new Worker(__filename, { argv: process.argv.slice(2), resourceLimits, workerData: { dir } })
    await new Promise((resolve) => worker.once('error', resolve))
    return { path: path.join(dir, images(dir)[0]) }
  }
}

async function main () {
  const [root, wanted] = process.argv.slice(2)
  for (const rung of wanted.split(',')) {
    const dir = path.join(root, rung)
    fs.mkdirSync(dir)
    if (rung === 'limit') {
      watch({ rules: [], snapshots: { dir } })
      await outside(fill)
    }
    const { path: file, form, mode, reason } = await rungs[rung](dir)
    say({ rung, path: file, form, mode, reason })
  }
}

if (isMainThread) main()
else {
  watch({ rules: [], snapshots: { dir: workerData.dir } })
  fill()
}

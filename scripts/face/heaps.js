'use strict'

// Three snapshots of a heap that grows, made once for both checkouts. Run as a program it takes them.

const fs = require('node:fs')
const path = require('node:path')
const v8 = require('node:v8')
const { spawn } = require('./spawn')

class Session {
  constructor (n) {
    this.user = { name: `user ${n}`, token: `secret-token-${n}`, letters: 'the same text in each of them '.repeat(3) }
    this.body = Buffer.alloc(512, n)
    this.onEnd = () => this.user
  }
}

const sessions = new Map()
const weak = new WeakMap()

function grow () {
  for (let n = 0; n < 300; n++) {
    const session = new Session(n)
    sessions.set(`id ${sessions.size}`, session)
    weak.set(session, { note: `of ${n}`, ratio: n / 7 })
  }
}

function take (folder) {
  for (const name of ['first', 'second', 'third']) {
    grow()
    v8.writeHeapSnapshot(path.join(folder, `${name}.heapsnapshot`))
  }
}

/** @returns {Promise<Record<'first' | 'second' | 'third' | 'cut', string>>} files */
async function makeHeaps (scratch) {
  const folder = path.join(scratch, 'heaps')
  fs.mkdirSync(folder)
  const { status, stderr } = await spawn(process.execPath, [__filename, folder])
  if (status !== 0) throw new Error(`the snapshots to compare with could not be taken: ${stderr}`)
  const files = Object.fromEntries(['first', 'second', 'third', 'cut'].map((name) => [name, path.join(folder, `${name}.heapsnapshot`)]))
  const whole = fs.readFileSync(files.third)
  fs.writeFileSync(files.cut, whole.subarray(0, Math.floor(whole.length * 0.6)))
  return files
}

if (require.main === module) take(process.argv[2])

module.exports = { makeHeaps }

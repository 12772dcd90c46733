'use strict'

// `heap-program.js FOLDER`: fills its heap and takes three snapshots of it, each of more. It is copied to where it runs, so that
// no checkout's folder is in the snapshots.

const path = require('node:path')
const v8 = require('node:v8')

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

take(process.argv[2])

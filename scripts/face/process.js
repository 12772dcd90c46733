'use strict'

// What a running process sees, asked in a process of its own for each path: V8's, node:v8's, and without the binary.

const fs = require('node:fs')
const path = require('node:path')
const { spawn } = require('./spawn')

const WAYS = { native: {}, portable: { HEAPWARDEN_PORTABLE: '1' }, javascript: { HEAPWARDEN_NATIVE: '0' } }

async function live (root, heaps, scratch) {
  const found = {}
  for (const [way, env] of Object.entries(WAYS)) {
    const dir = path.join(scratch, way)
    fs.mkdirSync(dir, { recursive: true })
    const { status, stdout, stderr } = await spawn(process.execPath, ['--expose-gc', path.join(__dirname, 'inside.js'), root, dir, JSON.stringify(heaps)], { env, cwd: dir })
    if (status !== 0) throw new Error(`${root}, ${way}: exit status ${status}\n${stderr}`)
    for (const [name, text] of Object.entries(JSON.parse(stdout))) found[`${way}: ${name}`] = text
  }
  return found
}

module.exports = { live }

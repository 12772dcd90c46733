'use strict'

// Snapshots of a heap that grows, made once for both checkouts.

const fs = require('node:fs')
const path = require('node:path')
const { spawn } = require('./spawn')

/** @returns {Promise<Record<'first' | 'second' | 'third' | 'cut', string>>} files */
async function makeHeaps (scratch) {
  const folder = path.join(scratch, 'heaps')
  fs.mkdirSync(folder)
  const program = path.join(folder, 'program.js')
  fs.copyFileSync(path.join(__dirname, 'heap-program.js'), program)
  const { status, stderr } = await spawn(process.execPath, [program, folder])
  if (status !== 0) throw new Error(`the snapshots to compare with could not be taken: ${stderr}`)
  const files = Object.fromEntries(['first', 'second', 'third', 'cut'].map((name) => [name, path.join(folder, `${name}.heapsnapshot`)]))
  const whole = fs.readFileSync(files.third)
  fs.writeFileSync(files.cut, whole.subarray(0, Math.floor(whole.length * 0.6)))
  return files
}

module.exports = { makeHeaps }

'use strict'

// A folder for the time of some work. Beside what is worked on, where there is room for such things; else in the temp folder. One
// whose process was killed goes when the next one is made there, or when something is written there (src/file/store/readers.rs).

const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const native = require('../addon/native')

const left = new Set()
/** What a person or a supervisor ends a program by. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
let toldOfExit = false
let hearsSignals = false
const BEGIN = 'heapwarden-thaw-'
let home

function remove (folder) {
  if (!left.delete(folder)) return
  if (left.size === 0 && hearsSignals) for (const signal of SIGNALS) process.removeListener(signal, ended)
  try {
    fs.rmSync(folder, { recursive: true, force: true })
  } catch {} // somebody else's care, then
}

/** Also when the process ends meanwhile. */
function removeAll () {
  for (const folder of left) remove(folder)
}

/** Ends by the signal after all: its listeners are gone with the last folder. */
function ended (signal) {
  removeAll()
  process.kill(process.pid, signal)
}

/** From now on also when a signal ends the process. For who owns the process: what a service does at a signal is its own. */
function removeAtSignals () {
  hearsSignals = true
}

/** Whose something is, for its name: where process ids count (nobody's neighbour where that is not told), and the process. */
function owner () {
  home ??= native.home() || randomBytes(8).toString('hex')
  return `${home}-${process.pid}`
}

function make (folder, begin) {
  native.sweepReaders(folder)
  return fs.mkdtempSync(path.join(folder, `${begin}${owner()}-`))
}

/** @returns {{ path: string, remove: () => void }} private to this user */
function ownFolder (beside) {
  let folder
  try {
    folder = make(beside, `.${BEGIN}`)
  } catch {
    folder = make(os.tmpdir(), BEGIN)
  }
  if (!toldOfExit) process.on('exit', removeAll)
  toldOfExit = true
  if (left.size === 0 && hearsSignals) for (const signal of SIGNALS) process.on(signal, ended)
  left.add(folder)
  return { path: folder, remove: () => remove(folder) }
}

module.exports = { owner, ownFolder, removeAtSignals }

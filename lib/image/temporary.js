'use strict'

// A folder for the time of some work. Beside what is worked on, where there is room for such things; else in the temp folder.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const left = new Set()
/** What a person or a supervisor ends a program by. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
let toldOfExit = false
let hearsSignals = false

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

/** @returns {{ path: string, remove: () => void }} private to this user */
function ownFolder (beside) {
  let folder
  try {
    folder = fs.mkdtempSync(path.join(beside, '.heapwarden-thaw-'))
  } catch {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-thaw-'))
  }
  if (!toldOfExit) process.on('exit', removeAll)
  toldOfExit = true
  if (left.size === 0 && hearsSignals) for (const signal of SIGNALS) process.on(signal, ended)
  left.add(folder)
  return { path: folder, remove: () => remove(folder) }
}

module.exports = { ownFolder, removeAtSignals }

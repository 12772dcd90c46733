'use strict'

// A folder for the time of some work. Beside what is worked on, where there is room for such things; else in the temp folder. One
// whose process was killed goes when the next one is made there.

const { createHash } = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const left = new Set()
/** What a person or a supervisor ends a program by. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
let toldOfExit = false
let hearsSignals = false
const BEGIN = 'heapwarden-thaw-'
const NAME = /^\.?heapwarden-thaw-([0-9a-f]{8})-(\d+)-\w{6}$/
/** So long such a folder stays untouched whose process cannot be seen from here. */
const ABANDONED_MS = 24 * 60 * 60 * 1000
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

/** Where process ids count: the machine since it was started, and the namespace of ids. */
function here () {
  try {
    home ??= `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')}${fs.readlinkSync('/proc/self/ns/pid')}`
  } catch {
    // It is not told here, and nobody may be taken for a neighbour.
    home = String(Math.random())
  }
  return createHash('sha1').update(home).digest('hex').slice(0, 8)
}

function lives (pid) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error.code !== 'ESRCH'
  }
  return true
}

/** Removes what processes have left in a folder that were killed. */
function sweep (folder) {
  let names = []
  try {
    names = fs.readdirSync(folder)
  } catch {} // nor can anything be made there
  for (const name of names) {
    const [, home, pid] = NAME.exec(name) ?? []
    const place = path.join(folder, name)
    try {
      if (home === undefined || left.has(place)) continue
      const { mtimeMs, uid } = fs.lstatSync(place)
      const dead = home === here() ? !lives(Number(pid)) : Date.now() - mtimeMs > ABANDONED_MS
      if (dead && uid === process.getuid?.()) fs.rmSync(place, { recursive: true, force: true })
    } catch {} // somebody else was faster
  }
}

function make (folder, begin) {
  sweep(folder)
  return fs.mkdtempSync(path.join(folder, `${begin}${here()}-${process.pid}-`))
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

module.exports = { ownFolder, removeAtSignals }

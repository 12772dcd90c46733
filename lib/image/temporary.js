'use strict'

// A folder for the time of some work. Beside what is worked on, where there is room for such things; else in the temp folder.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const left = new Set()
const remove = (folder) => {
  left.delete(folder)
  try {
    fs.rmSync(folder, { recursive: true, force: true })
  } catch {} // somebody else's care, then
}

/** Also when the process ends meanwhile. */
function removeAll () {
  for (const folder of left) remove(folder)
}

/** @returns {{ path: string, remove: () => void }} private to this user */
function ownFolder (beside) {
  let folder
  try {
    folder = fs.mkdtempSync(path.join(beside, '.heapwarden-thaw-'))
  } catch {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-thaw-'))
  }
  if (left.size === 0) process.once('exit', removeAll)
  left.add(folder)
  return { path: folder, remove: () => remove(folder) }
}

module.exports = { ownFolder }

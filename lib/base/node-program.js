'use strict'

// Which program runs JavaScript files. It is not process.execPath everywhere: a single executable application is the
// service itself, and started with the name of a script it starts as a service again, which starts itself again.

const path = require('node:path')
const { HeapwardenError } = require('./errors')

/** What this process is if it is no Node.js that would run a script; undefined if it is one. */
function otherThanNode () {
  const { bun, deno, electron, nw } = process.versions
  if (bun !== undefined) return 'Bun'
  if (deno !== undefined) return 'Deno'
  if (nw !== undefined) return 'NW.js'
  // An Electron application may have been built without its way to be a Node.js. Where this process is one, it has it.
  if (electron !== undefined && !process.env.ELECTRON_RUN_AS_NODE) return 'Electron'
  if (process.pkg !== undefined || process.__nexe !== undefined) return 'an executable that carries its program'
  return isSea() ? 'a single executable application' : undefined
}

function isSea () {
  try {
    return require('node:sea').isSea()
  } catch {
    // Node.js before 20.12 has such applications and no way to ask. Nobody gives theirs the name of Node.js.
    return !/^node(js)?[\d.]*(\.exe)?$/i.test(path.basename(process.execPath))
  }
}

/**
 * A Node.js to start with a script.
 * @param {string} what needs it, for the message
 * @returns {{ file: string, env: NodeJS.ProcessEnv }} `env`: variables it needs to be one
 * @throws HEAPWARDEN_UNSUPPORTED where this process is not known to be one
 */
function nodeProgram (what) {
  const other = otherThanNode()
  if (other !== undefined) {
    throw new HeapwardenError('HEAPWARDEN_UNSUPPORTED',
      `${what} starts this program's executable as a Node.js, and this one (${process.execPath}) is ${other}: it would run the whole program again`)
  }
  return { file: process.execPath, env: process.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' } }
}

module.exports = { nodeProgram }

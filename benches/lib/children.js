'use strict'

// What the forked children of a measured process cost, and the least that forking can cost.

const { execFileSync } = require('node:child_process')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')

/** The compiled bare-fork.c; null without a C compiler. */
function compileBareFork (dir, note) {
  const addon = join(dir, 'bare-fork.node')
  try {
    execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', addon, join(__dirname, '..', 'programs', 'bare-fork.c')], { stdio: 'pipe' })
    return addon
  } catch (error) {
    note(`no comparison with a bare fork: ${error.message}`)
    return null
  }
}

const readProc = (file) => {
  try {
    return readFileSync(`/proc/${file}`, 'utf8')
  } catch {
    return '' // it has ended
  }
}

/** The most memory that any child of a process had for itself, bytes; looked at from here, every `ms`. */
function watchChildren (pid, ms) {
  let most = 0
  const timer = setInterval(() => {
    for (const child of readProc(`${pid}/task/${pid}/children`).split(' ').filter(Boolean)) {
      const lines = [...readProc(`${child}/smaps_rollup`).matchAll(/^Private_\w+:\s+(\d+) kB$/gm)]
      most = Math.max(most, lines.reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0))
    }
  }, ms)
  return () => {
    clearInterval(timer)
    return most
  }
}

module.exports = { compileBareFork, watchChildren }

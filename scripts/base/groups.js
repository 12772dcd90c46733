'use strict'

// Control groups (cgroup v1, writable), for what is to be seen in a container.

const fs = require('node:fs')
const path = require('node:path')
const { undoLater } = require('./undo')

const CONTROLLERS = '/sys/fs/cgroup'
const PAUSE_MS = 50
const TRIES = 100
let made = 0

/** The ids of those in a group, by its folder. */
const processesIn = (place) => fs.readFileSync(path.join(place, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)

/**
 * A group of a controller's, with `files` written in it; `remove()` ends who is still there.
 * @param {'memory' | 'cpu' | 'pids'} controller
 * @param {Record<string, string | number>} [files] their texts, by their names
 */
function group (controller, files = {}) {
  const place = path.join(CONTROLLERS, controller, `heapwarden-${process.pid}-${made++}`)
  fs.mkdirSync(place)
  const remove = undoLater(() => removeGroup(place))
  const set = (file, text) => fs.writeFileSync(path.join(place, file), String(text))
  for (const [file, text] of Object.entries(files)) set(file, text)
  return { place, set, get: (file) => fs.readFileSync(path.join(place, file), 'utf8'), remove }
}

/** A group goes a moment after the last who was in it. */
function removeGroup (place) {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < TRIES; i++) {
    for (const pid of processesIn(place)) try { process.kill(pid, 'SIGKILL') } catch {}
    try {
      return fs.rmdirSync(place)
    } catch {
      Atomics.wait(pause, 0, 0, PAUSE_MS)
    }
  }
}

/** How many in a memory group the kernel has killed. */
const killsIn = (memory) => Number(/oom_kill (\d+)/.exec(memory.get('memory.oom_control'))[1])

/** A shell's words that make itself, and who takes its place, a member of the groups. */
const entering = (groups) => groups.map(({ place }) => `echo $$ > ${place}/cgroup.procs`).join('; ') || ':'

module.exports = { entering, group, killsIn, processesIn }

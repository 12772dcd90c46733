'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { testGroup } = require('./group')

/**
 * A pids group of cgroup v1 for process `pid` alone, which is full: not even a thread is to be had there. Removed after test `t`, with who is
 * in it; undefined, and the test skipped, where none may be made.
 */
function fullPidsGroup (t, pid) {
  const dir = testGroup(t, 'pids', `-${pid}`)
  if (!dir) return
  fs.writeFileSync(path.join(dir, 'cgroup.procs'), String(pid))
  const read = () => fs.readFileSync(path.join(dir, 'pids.current'), 'utf8').trim()
  for (;;) {
    const current = read()
    fs.writeFileSync(path.join(dir, 'pids.max'), current)
    // One of its threads may have ended meanwhile.
    if (read() === current) return Number(current)
  }
}

module.exports = { fullPidsGroup }

'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const GROUPS = '/sys/fs/cgroup/pids'

/**
 * A pids group of cgroup v1 for process `pid` alone, which is full: not even a thread is to be had there. Removed after test `t`, with who is
 * in it; undefined, and the test skipped, where none may be made.
 */
function fullPidsGroup (t, pid) {
  const dir = path.join(GROUPS, `heapwarden-test-${process.pid}-${pid}`)
  try {
    fs.mkdirSync(dir)
  } catch (error) {
    return t.skip(`needs a writable ${GROUPS}: ${error.message}`)
  }
  t.after(async () => {
    for (let i = 0; ; i++) {
      try {
        return fs.rmdirSync(dir)
      } catch (error) {
        // Who was in it is killed, and not gone yet.
        if (error.code !== 'EBUSY' || i === 100) throw error
        await sleep(100)
      }
    }
  })
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

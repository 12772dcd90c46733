'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const GROUPS = '/sys/fs/cgroup'

/**
 * The folder of a group of cgroup v1, removed after test `t` when who is in it has ended; undefined, and the test skipped, where none may be made.
 * @param {'memory' | 'pids'} controller
 * @param {string} [more] to tell it from the process's others
 */
function testGroup (t, controller, more = '') {
  const groups = path.join(GROUPS, controller)
  const dir = path.join(groups, `heapwarden-test-${process.pid}${more}`)
  try {
    fs.mkdirSync(dir)
  } catch (error) {
    return t.skip(`needs a writable ${groups}: ${error.message}`)
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
  return dir
}

module.exports = { testGroup }

'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const GROUPS = '/sys/fs/cgroup/memory'

/** A memory group of cgroup v1 with a limit, removed after test `t`; undefined, and the test skipped, where none may be made. */
function memoryGroup (t, bytes) {
  const dir = path.join(GROUPS, `heapwarden-test-${process.pid}`)
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
  fs.writeFileSync(path.join(dir, 'memory.limit_in_bytes'), String(bytes))
  return dir
}

module.exports = { memoryGroup }

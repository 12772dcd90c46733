'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { testGroup } = require('./group')

/** A memory group of cgroup v1 with a limit, removed after test `t`; undefined, and the test skipped, where none may be made. */
function memoryGroup (t, bytes) {
  const dir = testGroup(t, 'memory')
  if (dir) fs.writeFileSync(path.join(dir, 'memory.limit_in_bytes'), String(bytes))
  return dir
}

module.exports = { memoryGroup }

'use strict'

// Process managers that have ways of their own with variables and signals.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { node, root, tempDir } = require('../support/helpers')

const register = path.join(root, 'lib', 'register.js')
const DEADLINE_MS = 30_000

test('variables that PM2 unpacks after the preload count', async (t) => {
  const dir = tempDir(t)
  const packed = JSON.stringify({
    pm_id: 0, exec_mode: 'cluster_mode', env: {}, HEAPWARDEN_RULES: 'mine: rss > 5GB', HEAPWARDEN_HISTORY: 7, HEAPWARDEN_SIGNAL: 'SIGUSR2', HEAPWARDEN_DIR: dir
  })
  const program = `
    const { monitor } = require(${JSON.stringify(register)})
    console.log(JSON.stringify([monitor.rules().map(({ name }) => name), process.listenerCount('SIGUSR2')]))`
  const { stdout, stderr } = await node(['--require', register, '-e', program], { cwd: dir, env: { pm2_env: packed, HEAPWARDEN_RULES: 'other: rss > 6GB' }, timeout: DEADLINE_MS })
  assert.equal(stdout, '[["mine"],1]\n', stderr)
  assert.equal(stderr, '')
})

test("a variable of that name that is not PM2's is let be", async (t) => {
  const { stdout } = await node(['--require', register, '-e', 'console.log(1)'], { cwd: tempDir(t), env: { pm2_env: 'mine' }, timeout: DEADLINE_MS })
  assert.equal(stdout, '1\n')
})

test('SIGUSR2 below nodemon is warned of', async (t) => {
  const dir = tempDir(t)
  // What it is known by is the command line of the parent: nodemon is a script of this name that starts its program.
  const nodemon = path.join(dir, 'nodemon')
  fs.writeFileSync(nodemon, "require('node:child_process').spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' })")
  const watching = ['-e', `require(${JSON.stringify(root)}).watch({ signal: process.argv[1] })`]
  const under = await node([nodemon, ...watching, 'SIGUSR2'], { timeout: DEADLINE_MS })
  assert.match(under.stderr, /HeapwardenWarning: signal: nodemon restarts.*--signal SIGTERM/)
  assert.equal((await node([nodemon, ...watching, 'SIGUSR1'], { timeout: DEADLINE_MS })).stderr, '')
  assert.equal((await node([...watching, 'SIGUSR2'], { timeout: DEADLINE_MS })).stderr, '')
})

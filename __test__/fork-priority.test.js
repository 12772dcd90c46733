'use strict'

// A child that gets no CPU because others take it all is raised, so that it ends; also where nobody may raise himself.

const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { forkTest } = require('./forks')
const { run, tempDir } = require('./helpers')

const program = path.join(__dirname, 'programs', 'starved.js')
/** The idle class had 1.5 % of the CPU beside one loop: a minute of it is a second. */
const TIMEOUT = '40s'
const LOOPS = 2
const NOBODY = 65534

/** The first CPU this process may use, if it can be told what to use. */
function aCpu () {
  const { status, stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' })
  return status === 0 ? /: (\d+)/.exec(stdout)?.[1] : undefined
}

/** One CPU with loops that never end on it, until the test does. */
function busyCpu (t) {
  const cpu = aCpu()
  if (cpu === undefined) return undefined
  for (let i = 0; i < LOOPS; i++) {
    const loop = spawn('taskset', ['-c', cpu, process.execPath, '-e', 'for (;;);'], { stdio: 'ignore', timeout: 120_000, killSignal: 'SIGKILL' })
    t.after(() => loop.kill('SIGKILL'))
  }
  return cpu
}

async function snapshot (t, options) {
  const cpu = busyCpu(t)
  if (cpu === undefined) return t.skip('no taskset here')
  const dir = tempDir(t)
  if (options?.uid !== undefined) fs.chownSync(dir, options.uid, options.gid)
  const { stdout, stderr } = await run('taskset', ['-c', cpu, process.execPath, program, dir, TIMEOUT], options)
  assert.deepEqual(JSON.parse(stdout || 'null'), { attempts: 1 }, stderr)
}

forkTest('on a CPU that others use up a capture comes to its end', (t) => snapshot(t))

forkTest('also for a user without privileges', async (t) => {
  if (process.getuid() !== 0) return t.skip('only root can be somebody else')
  const may = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(path.join(__dirname, '..'))})`], { uid: NOBODY, gid: NOBODY })
  if (may.status !== 0) return t.skip('nobody may not read this folder')
  await snapshot(t, { uid: NOBODY, gid: NOBODY })
})

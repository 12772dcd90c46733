'use strict'

// A child that gets no CPU because others take it all is raised, so that it ends; also where nobody may raise himself.

const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const path = require('node:path')
const { forkTest } = require('../../support/forks')
const { run, tempDir } = require('../../support/helpers')

const program = path.join(__dirname, '..', '..', 'programs', 'starved.js')
/** The idle class had 1.5 % of the CPU beside one loop: a minute of it is a second. */
const TIMEOUT = '40s'
const LOOPS = 2

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

async function snapshot (t, through = []) {
  const cpu = busyCpu(t)
  if (cpu === undefined) return t.skip('no taskset here')
  const [command, ...args] = [...through, 'taskset', '-c', cpu, process.execPath, program, tempDir(t), TIMEOUT]
  const { stdout, stderr } = await run(command, args)
  assert.deepEqual(JSON.parse(stdout || 'null'), { attempts: 1 }, stderr)
}

forkTest('on a CPU that others use up a capture comes to its end', (t) => snapshot(t))

forkTest('also where nobody may lower a nice value again', async (t) => {
  // Whoever is not root has no such right anyway.
  if (process.getuid() !== 0) return t.skip('the test before was that')
  const without = ['setpriv', '--bounding-set=-sys_nice']
  const [command, ...args] = [...without, 'sh', '-c', 'nice -n 5 sh -c "renice -n 0 -p \\$\\$"']
  const { status, error } = spawnSync(command, args)
  if (error || status === 0) return t.skip('the right cannot be given up here')
  await snapshot(t, without)
})

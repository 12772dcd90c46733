'use strict'

// Time that did not pass for the service, and a clock that is set.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { test } = require('node:test')
const { finish, start } = require('../support/programs')
const { tempDir } = require('../support/helpers')

const linux = process.platform === 'linux'
const FREEZER = '/sys/fs/cgroup/freezer'

/** A group of cgroup v1's freezer, removed after test `t`; undefined where none may be made. */
function freezer (t) {
  const dir = path.join(FREEZER, `heapwarden-test-${process.pid}`)
  try {
    fs.mkdirSync(dir)
  } catch {
    return
  }
  t.after(() => fs.rmdirSync(dir))
  return dir
}

/** Ways to stop a process and to let it go on. */
const signals = { stop: (child) => child.kill('SIGSTOP'), goOn: (child) => child.kill('SIGCONT') }
const frozen = (dir) => ({
  stop (child) {
    fs.writeFileSync(path.join(dir, 'cgroup.procs'), String(child.pid))
    fs.writeFileSync(path.join(dir, 'freezer.state'), 'FROZEN')
  },
  goOn: () => fs.writeFileSync(path.join(dir, 'freezer.state'), 'THAWED')
})

async function breachAfter ({ stop, goOn }) {
  const { child, line, ended } = start('frozen', [], { deadline: 60_000 })
  try {
    await line(({ type }) => type === 'first')
    stop(child)
    // Longer than the rule's "for", which is what this is about.
    await sleep(4_000)
    goOn(child)
    const gap = await line(({ type }) => type === 'gap')
    const breach = await line(({ type }) => type === 'breach')
    assert.ok(breach.at - gap.at > 1_500, `breached ${breach.at - gap.at} ms after it went on`)
    assert.ok(breach.at - breach.since > 6_000, 'since: when it began, on the wall')
  } finally {
    goOn(child)
    child.kill('SIGKILL')
    await ended
  }
}

test('a rule\'s "for" is not filled by time in which the process was stopped', { skip: !linux && 'Linux only' }, async (t) => {
  const group = freezer(t)
  if (!group) t.diagnostic('no freezer group can be made: only signals')
  const ways = [signals, ...group ? [frozen(group)] : []]
  const results = await Promise.allSettled(ways.map(breachAfter))
  for (const { reason } of results) assert.ifError(reason)
})

const noCompiler = spawnSync('cc', ['--version']).status !== 0 && 'needs a C compiler'

test('a clock that is set is followed, and fills no rule\'s "for"', { skip: (!linux && 'Linux only') || noCompiler }, async (t) => {
  const dir = tempDir(t)
  const library = path.join(dir, 'clock-step.so')
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, path.join(__dirname, '..', 'programs', 'clock-step.c')])
  const env = { ...process.env, LD_PRELOAD: library, CLOCK_STEP: path.join(dir, 'step') }
  const snapshots = path.join(dir, 'snapshots')
  const [{ before, after, phase, kept }] = await finish('clock-step', [snapshots], { env, deadline: 60_000 })
  const DAY = 24 * 3_600_000
  assert.ok(after.now - before.now > DAY - 1000, 'the preloaded clock works')
  for (const { now, sample, snapshot, path: file } of [before, after]) {
    assert.ok(Math.abs(now - sample) < 60_000, `a sample at ${sample}, the clock says ${now}`)
    assert.ok(Math.abs(now - snapshot) < 60_000, `a snapshot at ${snapshot}, the clock says ${now}`)
    const day = new Date(snapshot).toISOString().slice(0, 10).replaceAll('-', '')
    assert.ok(path.basename(file).replaceAll('-', '').includes(day), `${file} at ${day}`)
  }
  assert.equal(phase, 'pending')
  assert.equal(kept, 2)
})

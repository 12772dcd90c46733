'use strict'

// Reports of the running process: what they say, what they leave, how they fail.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { capabilities, findSuspects, watch } = require('../..')
const { nextEvent, node, root, tempDir } = require('../support/helpers')
const { start } = require('../support/programs')
const { TOKEN, serve } = require('../support/server')

const { fork, image } = capabilities.snapshots
const skip = !capabilities.analysis.available && capabilities.analysis.reason

/** What somebody sees in a folder, but for what images need. */
const files = (dir) => fs.readdirSync(dir).filter((name) => !name.startsWith('.') && name !== 'objects')

function watched (t, snapshots, rules = []) {
  const dir = tempDir(t)
  const monitor = watch({ interval: 50, rules, snapshots: { dir, ...snapshots } })
  // A monitor keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  t.after(() => {
    clearInterval(alive)
    return monitor.stop()
  })
  return { dir, monitor }
}

test('without a binary there is none, and it says so', { skip: capabilities.analysis.available && 'there is a binary' }, async (t) => {
  const { monitor } = watched(t)
  await assert.rejects(monitor.report(), { code: 'HEAPWARDEN_UNSUPPORTED' })
  // A program is configured alike everywhere.
  const { monitor: ruled } = watched(t, {}, [{ name: 'always', metric: 'heapUsed', above: 1, do: ['report'] }])
  const { code, trigger } = await nextEvent(ruled, 'reportFailed')
  assert.deepEqual([code, trigger], ['HEAPWARDEN_UNSUPPORTED', 'rule:always'])
})

test('the first says what is large, the second what grows, and nothing is left on the disk', { skip }, async (t) => {
  const { dir, monitor } = watched(t)
  const heard = []
  monitor.on('report', (report) => heard.push(report))
  // As a server has it: a variable of a module.
  const { fill, sessions } = require('../programs/sessions')
  t.after(() => sessions.clear())

  fill(6000)
  const first = await monitor.report()
  assert.equal(first.confidence, 'size')
  assert.equal(first.mode, fork.available ? 'fork' : 'portable')
  assert.ok(first.pauseMs >= 0 && first.durationMs > first.pauseMs, `${first.pauseMs} of ${first.durationMs}`)
  assert.deepEqual([first.trigger, first.redacted, first.complete], ['manual', false, true])
  const [{ holder, fingerprint }] = first.suspects
  assert.equal(holder.name, 'sessions')
  assert.match(holder.file, /sessions\.js$/)

  fill(6000)
  const second = await monitor.report({ trigger: 'again' })
  assert.deepEqual([second.verdict, second.confidence, second.trigger], ['leak', 'growth', 'again'])
  const [suspect] = second.suspects
  assert.equal(suspect.holder.name, 'sessions')
  assert.equal(suspect.fingerprint, fingerprint)
  assert.deepEqual(suspect.growth.perSnapshot, [6000, 12000])
  assert.ok(suspect.growth.perMinute > 0)
  assert.deepEqual(second.snapshots.map(({ path }) => path), [null, null])
  assert.equal(second.snapshots[0].totalSize, first.total)

  assert.deepEqual(monitor.reports(), [first, second])
  assert.deepEqual(heard, [first, second])
  assert.deepEqual(files(dir), [])
})

test('it is what the same heap in a file says', { skip }, async (t) => {
  const { monitor } = watched(t)
  const { fill, sessions } = require('../programs/sessions')
  t.after(() => sessions.clear())
  fill(20_000)
  const { path: file } = await monitor.snapshot({ form: 'snapshot' })
  const [filed, live] = [await findSuspects(file), await monitor.report()]
  const largest = ({ suspects: [{ kind, holder, count, fingerprint, keys, entry }] }) => ({ kind, name: holder.name, count, fingerprint, keys, looksLike: entry.looksLike })
  assert.deepEqual(largest(live).fingerprint, largest(filed).fingerprint)
  assert.deepEqual(largest(live), largest(filed))
})

test('not a byte is written to a disk for it', { skip: skip || (!fork.available && fork.reason) }, async (t) => {
  const dir = tempDir(t)
  // In a process of its own: what its children have written counts when they are gone. Without images nothing is kept that those need.
  const program = `
    const fs = require('node:fs')
    const written = () => Number(/^write_bytes: (\\d+)$/m.exec(fs.readFileSync('/proc/self/io', 'utf8'))?.[1])
    const monitor = require(${JSON.stringify(root)}).watch({ rules: [], snapshots: { dir: ${JSON.stringify(dir)}, images: false } })
    monitor.report().then(async ({ mode }) => {
      const reports = written()
      await monitor.snapshot({ form: 'snapshot' })
      console.log(JSON.stringify({ mode, reports, snapshot: written() - reports }))
      await monitor.stop()
    })`
  const { stdout, stderr } = await node(['-e', program])
  const { mode, reports, snapshot } = JSON.parse(stdout || assert.fail(stderr))
  assert.deepEqual([mode, reports], ['fork', 0])
  const TMPFS = 0x01021994 // which is no disk
  if (fs.statfsSync(dir).type !== TMPFS) assert.ok(snapshot > 100_000, `a snapshot is seen: ${snapshot}`)
})

test('texts are masked where that is wanted', { skip }, async (t) => {
  const { monitor } = watched(t, { redact: true })
  const { fill, sessions } = require('../programs/sessions')
  t.after(() => sessions.clear())
  fill(20_000)
  const report = await monitor.report()
  assert.equal(report.redacted, true)
  assert.doesNotMatch(JSON.stringify(report), /session-1\d/)
})

test('the last ten are kept, also when it is over', { skip }, async (t) => {
  const { monitor } = watched(t)
  const said = []
  for (let count = 0; count < 11; count++) said.push(await monitor.report({ trigger: `number ${count}` }))
  assert.deepEqual(said.filter(({ verdict }) => verdict === 'leak').map(({ headline }) => headline), [], 'what we keep of reports is no leak')
  await monitor.stop()
  assert.deepEqual(monitor.reports().map(({ trigger }) => trigger), Array.from({ length: 10 }, (_, at) => `number ${at + 1}`))
  assert.ok(monitor.reports().at(-1).snapshots.length <= 5)
  await assert.rejects(monitor.report(), { code: 'HEAPWARDEN_STOPPED' })
})

test('a rule orders one', { skip }, async (t) => {
  const { dir, monitor } = watched(t, {}, [{ name: 'always', metric: 'heapUsed', above: 1, do: ['report'] }])
  const report = await nextEvent(monitor, 'report')
  assert.equal(report.trigger, 'rule:always')
  assert.equal(typeof report.headline, 'string')
  assert.deepEqual(files(dir), [])
})

test('a breach that lasts is reported again', { skip }, async (t) => {
  const { dir, monitor } = watched(t, {}, [{ name: 'always', metric: 'heapUsed', above: 1, cooldown: '300ms', do: ['snapshot', 'report'] }])
  const second = await nextEvent(monitor, 'report', () => monitor.reports().length === 2)
  assert.equal(second.confidence, 'growth')
  assert.equal(monitor.rules()[0].breaches, 1)
  assert.equal(files(dir).length, 1, 'and leaves no second file')
})

test('while the loop is blocked, and the one in a worker speaks of the worker', { skip: skip || (!fork.available && fork.reason) }, async (t) => {
  const dir = tempDir(t)
  const { line, child, ended } = start('blocked-report', [dir])
  t.after(() => child.kill('SIGKILL'))
  const { made } = await Promise.race([line(({ type }) => type === 'made'), ended.then(({ stderr }) => assert.fail(stderr))])
  assert.equal(made.suspects[0].holder.name, 'global.inWorker')
  assert.equal(made.trigger, 'rule:blocked')
  assert.deepEqual(files(dir), [])
})

test('where memory does not allow it an image is left, and it says so', { skip: skip || (!image.available && image.reason) }, async (t) => {
  const { dir, monitor } = watched(t, { memoryBudget: '1MB' })
  const told = nextEvent(monitor, 'reportFailed')
  const left = nextEvent(monitor, 'snapshot')
  const error = await monitor.report().then(() => assert.fail('there was a report'), (error) => error)
  assert.equal(error.code, 'HEAPWARDEN_MEMORY_BUDGET')
  assert.match(error.message, /heapwarden report .*heapimage/)
  assert.equal(error.snapshot.form, 'image')
  assert.deepEqual(files(dir), [path.basename(error.snapshot.path)])
  const event = await told
  assert.deepEqual([event.code, event.trigger, event.snapshot.path], [error.code, 'manual', error.snapshot.path])
  assert.equal((await left).path, error.snapshot.path)
})

test("form 'snapshot' leaves nothing instead", { skip }, async (t) => {
  const { dir, monitor } = watched(t, { memoryBudget: '1MB', form: 'snapshot' })
  await assert.rejects(monitor.report(), ({ code, snapshot }) => code === 'HEAPWARDEN_MEMORY_BUDGET' && snapshot === undefined)
  assert.deepEqual(files(dir), [])
})

test('an AbortSignal gives it up', { skip }, async (t) => {
  const { dir, monitor } = watched(t)
  const controller = new AbortController()
  const report = monitor.report({ signal: controller.signal })
  controller.abort()
  await assert.rejects(report, { code: 'HEAPWARDEN_ABORTED' })
  assert.deepEqual(files(dir), [])
})

test('callers at the same time share one; a snapshot is none', { skip }, async (t) => {
  const { monitor } = watched(t)
  let told = 0
  monitor.on('report', () => told++)
  const [one, other, info] = await Promise.all([monitor.report(), monitor.report(), monitor.snapshot()])
  assert.equal(one.snapshots.at(-1).at, other.snapshots.at(-1).at)
  assert.deepEqual([monitor.reports().length, told], [1, 1])
  assert.equal(typeof info.path, 'string')
})

test('options are refused that a report has not', { skip }, async (t) => {
  const { monitor } = watched(t)
  for (const options of [{ form: 'image' }, { path: '/tmp/x.heapsnapshot' }, { top: 'x' }]) {
    await assert.rejects(monitor.report(options), { code: 'HEAPWARDEN_INVALID_OPTION' })
  }
})

test('a child that dies leaves the service alone, and something is left', { skip: skip || (!fork.available && fork.reason) || (!image.available && image.reason) }, async (t) => {
  const { monitor } = watched(t, { dir: tempDir(t) })
  const { childrenOf } = require('../support/forks')
  const report = monitor.report()
  const killed = new Set()
  const timer = setInterval(() => {
    for (const pid of childrenOf(process.pid)) {
      if (killed.has(pid) || killed.size > 0) continue
      killed.add(pid)
      process.kill(pid, 'SIGKILL')
    }
  }, 1)
  t.after(() => clearInterval(timer))
  const error = await report.then(() => undefined, (error) => error)
  clearInterval(timer)
  assert.equal(killed.size, 1, 'it was seen before it was over')
  assert.equal(error.code, 'HEAPWARDEN_CAPTURE_FAILED')
  assert.equal(error.snapshot.form, 'image')
})

test('the admin routes order one and list the last', { skip }, async (t) => {
  const { monitor } = watched(t)
  const ask = await serve(t, monitor.middleware({ token: TOKEN }))
  assert.deepEqual((await ask('/reports')).json, [])
  const posted = await ask('/reports', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"trigger":"by hand"}' })
  assert.deepEqual([posted.status, posted.json.trigger], [200, 'by hand'])
  assert.equal((await ask('/reports')).json[0].headline, posted.json.headline)
  assert.equal((await ask('/reports', { method: 'POST', token: 'wrong' })).status, 401)
})

'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { after, test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { Monitor, capabilities, watch } = require('../..')
const native = require('../../lib/addon/native')
const { nextEvent, node, root, tempDir } = require('../support/helpers')

// A monitor lets the process end, and so would a test that waits for one.
const hold = setInterval(() => {}, 1000)
after(() => clearInterval(hold))

const always = (more) => ({ name: 'always', metric: 'rss', above: '1MB', ...more })

function monitored (t, options) {
  const monitor = watch({ interval: 20, rules: [], ...options })
  t.after(() => monitor.stop())
  return monitor
}

test('samples, keeps them, and answers when asked', async (t) => {
  const monitor = monitored(t, { history: 3 })
  const asked = await monitor.sample()
  assert.ok(Math.abs(asked.rss - process.memoryUsage().rss) < 64e6)
  assert.ok(Math.abs(asked.at - Date.now()) < 5000)
  const [heard] = await once(monitor, 'sample')
  assert.ok(heard.heapUsed > 0)
  assert.equal(heard.heapUsedRatio, heard.heapUsed / heard.heapLimit)
  for (let i = 0; i < 4; i++) await once(monitor, 'sample')
  assert.equal(monitor.history().length, 3)
  const ats = monitor.history().map(({ at }) => at)
  assert.deepEqual(ats, [...ats].sort((a, b) => a - b))
  assert.equal(typeof monitor.latest.heapAge, 'number')
})

test('knows what works with its options', (t) => {
  const { image } = capabilities.snapshots
  const of = (snapshots) => monitored(t, { snapshots }).capabilities.snapshots.image
  assert.deepEqual(of({}), image)
  for (const [snapshots, why] of [[{ redact: true }, /redact: true/], [{ images: false }, /images: false/], [{ form: 'snapshot' }, /form: 'snapshot'/]]) {
    const { available, reason } = of(snapshots)
    assert.equal(available, false)
    assert.match(reason, why)
  }
  assert.deepEqual(of({ images: { buffers: false } }), image)
  const monitor = monitored(t)
  monitor.update({ snapshots: { redact: true } })
  assert.equal(monitor.capabilities.snapshots.image.available, false)
  assert.deepEqual(Object.keys(monitor.capabilities), Object.keys(capabilities))
})

test('a breach is told once, with its rule, and leaves a snapshot if told to', async (t) => {
  const dir = tempDir(t)
  const monitor = monitored(t, { rules: [always({ do: ['snapshot'] })], snapshots: { dir } })
  const snapshot = once(monitor, 'snapshot')
  const [breach] = await once(monitor, 'breach')
  assert.equal(breach.rule, 'always')
  assert.equal(breach.value, breach.sample.rss)
  assert.ok(breach.since <= breach.sample.at)
  const [info] = await snapshot
  assert.equal(info.complete, true)
  assert.deepEqual((await monitor.snapshots()).map(({ path }) => path), [info.path])
  const [state] = monitor.rules()
  assert.equal(state.phase, 'breached')
  assert.equal(state.above, 1e6)
})

test('update changes rules live, and nothing when it is refused', async (t) => {
  const monitor = monitored(t)
  assert.deepEqual(monitor.rules(), [])
  assert.throws(() => monitor.update({ rules: [always()], interval: -1 }), { code: 'HEAPWARDEN_INVALID_OPTION' })
  assert.deepEqual(monitor.rules(), [])
  monitor.update({ rules: [always()] })
  await once(monitor, 'breach')
})

test('a listener that throws or rejects is told of, and costs nobody an event', async (t) => {
  const monitor = monitored(t)
  const warnings = []
  monitor.on('warning', (warning) => warnings.push(warning))
  monitor.on('sample', () => { throw new Error('sync slip') })
  monitor.on('sample', async () => { throw new Error('async slip') })
  await nextEvent(monitor, 'sample') // behind those that fail
  await nextEvent(monitor, 'sample')
  for (const slip of ['sync slip', 'async slip']) {
    const warning = warnings.find(({ message }) => message.includes(slip))
    assert.equal(warning.code, 'HEAPWARDEN_LISTENER_FAILED')
    assert.equal(warning.error.message, slip)
  }
})

test('without a warning listener the process is warned, once', async (t) => {
  const seen = []
  const listener = (warning) => seen.push(warning)
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  const monitor = monitored(t)
  monitor.on('sample', () => { throw new Error('said once') })
  for (let i = 0; i < 4; i++) await nextEvent(monitor, 'sample')
  const ours = seen.filter(({ message }) => message.includes('said once'))
  assert.equal(ours.length, 1)
  assert.equal(ours[0].code, 'HEAPWARDEN_LISTENER_FAILED')
})

test('a warning listener that throws does not go round in circles', async (t) => {
  const monitor = monitored(t)
  monitor.on('warning', () => { throw new Error('warned badly') })
  monitor.on('sample', () => { throw new Error('sampled badly') })
  const warned = nextEvent(process, 'warning', ({ message }) => message.includes('warned badly'))
  await nextEvent(monitor, 'sample')
  assert.match((await warned).message, /a listener of 'warning' threw/)
})

test('the addon is told what is listened to, and only when that changes', async (t) => {
  const monitor = monitored(t)
  const { mock } = t.mock.method(native, 'listen')
  const told = () => mock.calls.map(({ arguments: [, sample, gc] }) => [sample, gc])
  const listener = () => {}
  monitor.on('breach', listener)
  monitor.on('sample', listener)
  monitor.prependListener('sample', listener)
  monitor.once('gc', listener)
  monitor.off('sample', listener)
  monitor.off('sample', listener)
  assert.deepEqual(told(), [[true, false], [true, true], [false, true]])
  monitor.removeAllListeners()
  monitor.on('sample', listener)
  assert.deepEqual(told().slice(3), [[false, false], [true, false]])
})

test('stop ends everything, twice or more, and keeps what was seen', async () => {
  const monitor = watch({ interval: 20, rules: [always()] })
  await monitor.sample()
  const pending = assert.rejects(monitor.snapshot().then(() => { throw Object.assign(new Error(), { code: 'HEAPWARDEN_STOPPED' }) }), { code: 'HEAPWARDEN_STOPPED' })
  const stopping = monitor.stop()
  assert.equal(monitor.stop(), stopping)
  await stopping
  await pending
  for (const call of ['snapshot', 'snapshots', 'sample']) {
    await assert.rejects(monitor[call](), { code: 'HEAPWARDEN_STOPPED', message: new RegExp(`^${call}\\(\\): `) })
  }
  assert.throws(() => monitor.update({}), { code: 'HEAPWARDEN_STOPPED' })
  assert.ok(monitor.latest.rss > 0)
  assert.ok(monitor.history().length > 0)
  assert.equal(monitor.rules().length, 1)
  monitor.on('sample', () => assert.fail('a stopped monitor spoke'))
  await monitor.stop()
})

test('await using stops it', { skip: !Symbol.asyncDispose }, async () => {
  const monitor = new Monitor()
  await monitor[Symbol.asyncDispose]()
  await assert.rejects(monitor.sample(), { code: 'HEAPWARDEN_STOPPED' })
})

test('two monitors do not hear of each other', async (t) => {
  const quiet = monitored(t, { interval: '1h' })
  quiet.on('breach', () => assert.fail('not mine'))
  const loud = monitored(t, { rules: [always()] })
  await once(loud, 'breach')
})

test('a monitor does not keep the process alive, a pending promise does', async () => {
  const program = `
    const monitor = require(${JSON.stringify(root)}).watch({ interval: 20 })
    monitor.on('sample', () => {})
    if (process.argv[1] === 'ask') monitor.sample().then(({ rss }) => console.log(rss > 0))`
  const idle = await node(['-e', program])
  assert.deepEqual(idle, { status: 0, signal: null, stdout: '', stderr: '' })
  const asking = await node(['-e', program, 'ask'])
  assert.equal(asking.stdout, 'true\n', asking.stderr)
})

test('a signal takes a snapshot, and is let go at stop', { skip: process.platform === 'win32' }, async (t) => {
  const dir = tempDir(t)
  const before = process.listenerCount('SIGWINCH')
  const monitor = monitored(t, { signal: 'SIGWINCH', snapshots: { dir } })
  const taken = once(monitor, 'snapshot')
  process.kill(process.pid, 'SIGWINCH')
  assert.equal((await taken)[0].trigger, 'SIGWINCH')
  monitor.update({ signal: false })
  assert.equal(process.listenerCount('SIGWINCH'), before)
})

test('a worker watches its own heap', async () => {
  const worker = new Worker(`
    const monitor = require(${JSON.stringify(root)}).watch({ interval: 20 })
    monitor.sample().then(async (sample) => {
      await monitor.stop()
      require('node:worker_threads').parentPort.postMessage(sample)
    })`, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 } })
  // Its last word and its end may come in one turn.
  const [[sample]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
  assert.ok(sample.heapLimit < 200e6, `the limit is the worker's: ${sample.heapLimit}`)
})

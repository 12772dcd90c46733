'use strict'

// `heapwarden demo`: the example server leaks under load until a rule is breached, and what it leaves behind
// is checked, and who leaks is told. It ends by itself within a minute, and takes its server with it.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { checkSnapshot } = require('./demo/check')
const { leaks, startLoad } = require('./demo/load')
const { createScreen, megabytes, milliseconds } = require('./demo/screen')
const { startServer } = require('./demo/server')
const { tellSuspect } = require('./demo/suspect')
const { UsageError, args, print, say } = require('./terminal')

const LIMIT_MS = 50_000
const POLL_MS = 500
/** At this much of the threshold a first snapshot is taken: two tell what grows. */
const EARLY = 0.3

const usage = `usage: heapwarden demo [--leak buffers|objects] [--json]

Starts the Express server of examples/express with a memory leak, puts it under load until its rule is
breached, checks the snapshot that this leaves, and names the leak. Ends by itself within a minute.

  --leak   what leaks: Buffers outside V8's heap (the default), or objects inside it
  --json   the result as JSON on stdout, what happens on stderr`

/** Paths of the two packages the demo needs and heapwarden itself does not. */
function findPackages () {
  const found = {}
  const missing = []
  for (const name of ['express', 'autocannon']) {
    try {
      // From the working directory too: heapwarden may be installed globally or linked.
      found[name] = require.resolve(`${name}/package.json`, { paths: [__dirname, process.cwd()] })
    } catch {
      missing.push(name)
    }
  }
  return { found, missing }
}

/** What the server does by itself is only watched from here, through its admin routes; but for the first snapshot, which is ordered. */
async function waitForSnapshots (server, leak, screen, deadline) {
  let phase, first
  for (;;) {
    const { latest, rules } = await server.admin('status')
    const rule = rules.find(({ name }) => name === leak.rule)
    if (latest) { // null until the first interval is over
      const others = Object.fromEntries(leak.others.map((name) => [name, latest[name]]))
      screen.sample({ metric: leak.metric, value: latest[leak.metric], threshold: rule.threshold, others })
    }
    if (rule.phase !== phase) {
      if (rule.phase === 'pending') screen.say(`over the threshold of rule "${rule.name}"; it has to stay there for a while`)
      if (rule.phase === 'breached') screen.say(`rule "${rule.name}" is breached and orders a snapshot; the load goes on meanwhile`)
      phase = rule.phase
    }
    if (phase === 'breached') {
      const snapshot = (await server.admin('snapshots')).find(({ path }) => path !== first?.path)
      if (snapshot) return [first, snapshot].filter(Boolean)
    }
    if (!first && latest?.[leak.metric] >= EARLY * rule.threshold) {
      first = await server.admin('snapshots', 'POST')
      screen.say('a first snapshot, by an order to its admin route: two tell what grows')
    }
    const left = deadline - performance.now()
    if (left <= 0) throw new Error(`no snapshot within ${LIMIT_MS / 1000} s: the rule "${leak.rule}" is ${phase}`)
    const how = await Promise.race([server.ended, sleep(Math.min(POLL_MS, left))])
    if (how) throw new Error(`the server is gone: ${how}`)
  }
}

/** What the service paid for it. */
function tellPause ({ mode, pauseMs, durationMs }) {
  if (mode !== 'fork') return `JavaScript stood still for ${milliseconds(pauseMs)} (mode ${mode})`
  return `JavaScript paused for ${milliseconds(pauseMs)}; a forked child worked for ${milliseconds(durationMs)}, with what CPU time was left over`
}

async function play ({ leakName, found, folder, screen }) {
  const deadline = performance.now() + LIMIT_MS
  const leak = leaks[leakName]
  const autocannon = require(join(found.autocannon, '..'))
  const { findSuspects, openSnapshot } = require('../..')
  let server, load
  try {
    const onLine = (text) => screen.detail(`server: ${text}`)
    screen.say(`an Express server with ${leak.what}`)
    server = await startServer({ folder, leak: leakName, express: found.express, onLine })
    load = startLoad(autocannon, server.url, leak)
    screen.say(`load on process ${server.pid}: ${leak.rate} requests a second, each for something new`)

    const snapshots = await waitForSnapshots(server, leak, screen, deadline)
    const info = snapshots.at(-1)
    const { requests, failed } = await load.stop()
    load = undefined
    screen.good(`snapshot: ${megabytes(info.bytes)} on disk for ${megabytes(info.rawBytes)} of JSON`)
    screen.detail(info.path)
    screen.good(tellPause(info))
    screen.say(`the server answered ${requests} requests in all${failed > 0 ? `; ${failed} failed` : ''}`)

    const checked = await checkSnapshot(openSnapshot, info.path)
    screen.good(`checked: unpacked and parsed, ${checked.nodes.toLocaleString('en')} nodes and ` +
      `${checked.edges.toLocaleString('en')} edges, as many as it says`)
    screen.say(leak.lesson)
    const report = await tellSuspect(findSuspects, snapshots.map(({ path }) => path), screen)
    return { leak: leakName, rule: leak.rule, requests, failed, snapshot: info, checked, report }
  } finally {
    await load?.stop().catch(() => {})
    if (server) screen.say(`server stopped: ${await server.stop()}`)
  }
}

/**
 * @param {string[]} argv what follows `demo`
 * @returns {Promise<0 | 1>} exit status
 */
async function demo (argv) {
  const { values: given } = args(argv, {
    leak: { type: 'string', default: 'buffers' },
    json: { type: 'boolean', default: false }
  })
  if (!Object.hasOwn(leaks, given.leak)) {
    throw new UsageError(`--leak: "${given.leak}" was given; accepted: ${Object.keys(leaks).join(', ')}`)
  }
  const { found, missing } = findPackages()
  if (missing.length > 0) {
    say(`heapwarden demo needs ${missing.join(' and ')}, which heapwarden itself does not. Install with:\n\n` +
      `  npm install ${missing.join(' ')}\n`)
    return 1
  }

  const screen = createScreen(given.json ? process.stderr : process.stdout)
  const folder = mkdtempSync(join(tmpdir(), 'heapwarden-demo-'))
  // The snapshot outlives the demo, for DevTools; without one there is nothing worth keeping. On 'exit' too,
  // and not in a `finally`, because Ctrl-C comes by there as well.
  const discard = () => { rmSync(folder, { recursive: true, force: true }) }
  const leave = () => process.exit(1)
  process.once('exit', discard)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, leave)
  try {
    const result = await play({ leakName: given.leak, found, folder, screen })
    process.removeListener('exit', discard)
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    screen.say('to look inside, unpack it and load it in Chrome DevTools, tab Memory:')
    screen.detail(`npx heapwarden cat ${result.snapshot.path} > demo.heapsnapshot`)
    if (given.json) await print(JSON.stringify(result, null, 2))
    return 0
  } catch (error) {
    screen.bad(`the demo failed: ${error.message}`)
    return 1
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, leave)
  }
}

module.exports = { demo, usage }

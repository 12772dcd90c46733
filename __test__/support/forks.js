'use strict'

// What tests of captures by a forked child need: to find the child, to hold it still, to look at it.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')
const { capabilities, openSnapshot, takeSnapshot } = require('../..')
const { readJson, tempDir } = require('./helpers')

/** What the child is called in `ps`. */
const NAME = 'heapwarden-dump'
const LOOK_AGAIN_MS = 2
const HURRY_EVERY_MS = 100

/** Objects of a heap whose snapshot takes half a second or so: long enough to interfere with. */
const objects = (count = 10_000) => Array.from({ length: count }, (_, i) => ({ i, text: `entry ${i}`, list: [i] }))

/** Keeps them until test `t` is over. */
function ballast (t, count) {
  let kept = objects(count)
  t.after(() => { kept = null })
  return () => kept
}

/**
 * A test of forked captures. Where forking is not possible it checks instead that an order says so, and is
 * skipped with the reason.
 */
function forkTest (name, options, body = options) {
  test(name, typeof options === 'function' ? {} : options, async (t) => {
    const { available, reason } = capabilities.snapshots.fork
    if (available) return body(t)
    const dir = tempDir(t)
    await assert.rejects(takeSnapshot({ dir, mode: 'fork' }), { name: 'HeapwardenError', code: 'HEAPWARDEN_UNSUPPORTED' })
    assert.deepEqual(fs.readdirSync(dir), [])
    t.skip(reason)
  })
}

/** The fields of /proc/PID/stat behind the name, the state first; null if there is no such process. */
function stat (pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).trim().split(' ')
  } catch {
    return null
  }
}

function comm (pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return null
  }
}

/** Process ids whose parent is `pid`, zombies included. */
function childrenOf (pid) {
  const all = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
  return all.filter((one) => stat(one)?.[1] === String(pid))
}

/** /proc sends no events: looks until `find` gives something, or the test is over. */
async function until (signal, find) {
  for (;;) {
    const found = find()
    if (found !== undefined && found !== null && found !== false) return found
    await sleep(LOOK_AGAIN_MS, undefined, { signal })
  }
}

/**
 * The child that takes a snapshot of process `pid`. It has its name only after it has closed what it
 * inherited, so whoever finds it by name finds it settled.
 */
function dumpOf (pid, signal) {
  return until(signal, () => childrenOf(pid).find((one) => comm(one) === NAME && stat(one)?.[0] !== 'Z'))
}

/** The child, stopped: it can be dealt with at leisure. Set going again, or ended, when the test is over. */
async function heldDump (t, pid = process.pid) {
  const child = await dumpOf(pid, t.signal)
  process.kill(child, 'SIGSTOP')
  t.after(() => {
    if (comm(child) === NAME) process.kill(child, 'SIGKILL')
  })
  await until(t.signal, () => 'TZ'.includes(stat(child)?.[0] ?? 'Z'))
  assert.equal(stat(child)?.[0], 'T', 'the capture was over before it could be held: its heap is too small')
  return child
}

/**
 * Takes the child out of the idle class, where it runs when nobody else wants to: on a busy machine, hardly ever.
 * Where that is not allowed it takes its time.
 */
function hurry (child) {
  spawnSync('chrt', ['--other', '--pid', '0', String(child)])
  spawnSync('renice', ['-n', '0', '-p', String(child)])
  try {
    fs.writeFileSync(`/proc/${child}/autogroup`, '0')
  } catch {
    // Not there, not allowed, or the child has ended.
  }
}

/** What a process and its children are doing, thread by thread: for a test that waits in vain. */
function sight (pid) {
  const attempt = (read) => {
    try {
      return read()
    } catch {
      return null
    }
  }
  const lines = (attempt(() => fs.readdirSync(`/proc/${pid}/task`)) ?? []).map((id) => {
    const task = `${pid}/task/${id}`
    const [state, , , , , , , minor, , major, , user, system] = stat(task) ?? []
    const call = attempt(() => fs.readFileSync(`/proc/${task}/syscall`, 'utf8').trim())
    return `  ${id} ${comm(task)} ${state}, faults ${minor} and ${major}, ticks ${user} and ${system}, in ${call}`
  })
  return [`process ${pid}`, ...lines, ...childrenOf(pid).map(sight)].join('\n')
}

/** Sets a child that was held going again. */
function goOn (child) {
  hurry(child)
  process.kill(child, 'SIGCONT')
}

/** The same for a child that was told to end: held or not, it may be gone by now. */
function letGo (child) {
  try {
    goOn(child)
  } catch (error) {
    assert.equal(error.code, 'ESRCH')
  }
}

/** Hurries a child as soon as it has its name: before that it puts itself into the idle class. */
async function hurryDump (child, signal) {
  const settled = () => comm(child) === NAME || 'ZX'.includes(stat(child)?.[0] ?? 'X')
  await until(signal, settled).then(() => hurry(child), () => {})
}

/** Hurries all dumps that process `pid`, or the one it runs, forks until `signal` says that it is enough. */
async function hurryDumps (pid, signal) {
  const known = new Set()
  while (!signal.aborted) {
    const children = childrenOf(pid)
    for (const one of [...children, ...children.flatMap(childrenOf)]) {
      if (known.has(one) || comm(one) !== NAME) continue
      known.add(one)
      hurry(one)
    }
    await sleep(HURRY_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}

/** What `order`, a capture of this process by fork, gives; its child is hurried. */
async function hurried (order) {
  const over = new AbortController()
  hurryDumps(process.pid, over.signal)
  try {
    return await order
  } finally {
    over.abort()
  }
}

/** Resolves when there is no such process any more, not even a zombie. */
const gone = (pid, signal) => until(signal, () => stat(pid) === null)

/** Resolves when it has ended. An orphan may stay a zombie: in a container nobody may reap it. */
const over = (pid, signal) => until(signal, () => 'ZX'.includes(stat(pid)?.[0] ?? 'X'))

/** Number of descriptors, threads, children and shared pages of this process. */
function holdings () {
  const maps = fs.readFileSync('/proc/self/maps', 'latin1').split('\n')
  return {
    // One of them is the listing itself.
    descriptors: fs.readdirSync('/proc/self/fd').length,
    threads: fs.readdirSync('/proc/self/task').length,
    children: childrenOf(process.pid).length,
    sharedPages: maps.filter((line) => line.includes('/dev/zero')).length
  }
}

/** Parses a snapshot and checks that it is whole. Returns its totals. */
async function totals (file) {
  const { snapshot, nodes, edges, strings } = await readJson(openSnapshot(file))
  const { node_fields: fields, edge_fields: edgeFields } = snapshot.meta
  const [width, size, count] = [fields.length, fields.indexOf('self_size'), fields.indexOf('edge_count')]
  assert.equal(nodes.length, snapshot.node_count * width, 'node_count')
  assert.equal(edges.length, snapshot.edge_count * edgeFields.length, 'edge_count')
  let bytes = 0
  let ends = 0
  for (let at = 0; at < nodes.length; at += width) {
    bytes += nodes[at + size]
    ends += nodes[at + count]
  }
  assert.equal(ends, snapshot.edge_count, 'the nodes own all edges')
  const last = edges.length - edgeFields.length
  assert.equal(edges[last + edgeFields.indexOf('to_node')] % width, 0)
  assert.ok(strings.length > 0)
  return { nodes: snapshot.node_count, edges: snapshot.edge_count, bytes, strings }
}

module.exports = { ballast, childrenOf, comm, dumpOf, forkTest, goOn, gone, heldDump, hurried, hurry, hurryDump, hurryDumps, holdings, letGo, objects, over, sight, stat, totals, until }

'use strict'

// Whether there is memory for a snapshot: V8 needs several times the heap, and the kernel does not ask twice.

const os = require('node:os')
const v8 = require('node:v8')
const { HeapwardenError } = require('../../base/errors')
const cgroup = require('./cgroup')

// As src/capture/budget.rs has them, where this thread's heap was not captured before.
const BASE = 16 * 2 ** 20
/** Bytes per byte of used heap, for heaps of small objects: the generator's tables, and the JSON, which is held whole. */
const RATIO = 14
/**
 * For each 8 bytes of a long array: V8 makes a text of a KiB with the number of the element. Nothing tells such an array from
 * another large object.
 */
const NAME = 1280
/** Bytes per byte of heap beside these. */
const RATIO_BESIDE_NAMES = 9
/** Large objects that each process has. */
const OWN_LARGE = 256 * 2 ** 10
/** What must stay free for the service. */
const RESERVE = 32 * 2 ** 20

/** `1536` → `1.5 KiB`. */
function print (bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const at = Math.min(Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)), units.length - 1)
  return `${Math.round(bytes / 1024 ** at * 10) / 10} ${units[at]}`
}

/** What the container has left, or else the machine. */
function left () {
  const group = cgroup.read()
  const machine = /^MemAvailable:\s+(\d+) kB$/m.exec(process.platform === 'linux' ? cgroup.text('/proc/meminfo') ?? '' : '')
  const free = machine ? Number(machine[1]) * 1024 : os.freemem()
  return group?.limit ? Math.min(free, group.limit - group.used) : free
}

/** Bytes of objects of more than 128 KiB, code apart. */
function largeObjects () {
  const large = v8.getHeapSpaceStatistics().filter((space) => /^(new_)?large_object_space$/.test(space.space_name))
  return large.reduce((sum, space) => sum + space.space_used_size, 0)
}

/** How much a snapshot may take, and who says so: a budget promises no more than there is. */
function allowance (budget) {
  // Elsewhere the system calls memory that it would give back at once "used".
  const room = process.platform === 'linux' ? Math.max(0, left() - RESERVE) : Infinity
  if (budget <= room) return { bytes: budget, whose: 'memoryBudget allows', but: '' }
  return { bytes: room, whose: 'the container or the machine has left', but: ` once ${print(RESERVE)} are kept for the service` }
}

/**
 * @param {number | null} [budget] memoryBudget; without one what there is decides
 * @throws HEAPWARDEN_MEMORY_BUDGET with the figures
 */
function admit (budget) {
  const heapUsed = v8.getHeapStatistics().used_heap_size
  const large = largeObjects()
  const likely = BASE + RATIO * heapUsed
  const names = Math.floor(Math.max(0, large - OWN_LARGE) / 8) * NAME
  const need = Math.max(likely, BASE + RATIO_BESIDE_NAMES * heapUsed + names)
  const { bytes, whose, but } = allowance(budget ?? Infinity)
  if (need <= bytes) return
  throw new HeapwardenError('HEAPWARDEN_MEMORY_BUDGET',
    `a snapshot of ${print(heapUsed)} of heap needs about ${print(likely)} more memory` +
    (need > likely ? `, up to ${print(need)} if its ${print(large)} of large objects are one long array` : '') +
    `, and ${whose} ${print(bytes)}${but}; raise the limit or memoryBudget`)
}

module.exports = { admit }

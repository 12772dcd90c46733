'use strict'

// Whether there is memory for a snapshot: V8 needs several times the heap, and the kernel does not ask twice.

const os = require('node:os')
const { HeapwardenError } = require('../errors')
const cgroup = require('./cgroup')

const BASE = 32 * 2 ** 20
/** Bytes per byte of used heap, for heaps of small objects: the generator's tables, and the JSON, which is held whole. */
const RATIO = 14

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

/** @throws HEAPWARDEN_MEMORY_BUDGET with the figures */
function admit (heapUsed, budget) {
  const need = BASE + RATIO * heapUsed
  const room = left()
  // Elsewhere the system calls memory that it would give back at once "used".
  const allowed = budget ?? (process.platform === 'linux' ? room : Infinity)
  if (need <= allowed) return
  throw new HeapwardenError('HEAPWARDEN_MEMORY_BUDGET',
    `a snapshot of ${print(heapUsed)} of heap needs about ${print(need)} more memory, and ` +
    `${budget === undefined ? 'the container or the machine has left' : 'memoryBudget allows'} ${print(allowed)}; raise the limit or memoryBudget`)
}

module.exports = { admit }

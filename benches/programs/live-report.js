'use strict'

// A server's heap captured to a file and for a report, in turn, in one process: argument JSON { megabytes, rounds, dir }.

const fs = require('node:fs')
const { watch } = require('../..')
const { fill } = require('../lib/heap')

const { megabytes, rounds, dir } = JSON.parse(process.argv[2])

/** Bytes that this process and its children that have ended have had written to a disk. */
const written = () => Number(/^write_bytes: (\d+)$/m.exec(fs.readFileSync('/proc/self/io', 'utf8'))?.[1])

const ways = {
  async file (monitor) {
    const { path, pauseMs, durationMs } = await monitor.snapshot({ form: 'snapshot', mode: 'fork' })
    fs.rmSync(path)
    return { pauseMs, durationMs }
  },
  async report (monitor, round) {
    const { pauseMs, durationMs, suspects } = await monitor.report({ mode: 'fork' })
    if (round === 0 && suspects[0]?.holder.name !== 'global.kept') throw new Error(`the first suspect is ${suspects[0]?.holder.name}`)
    return { pauseMs, durationMs }
  }
}

async function main () {
  global.kept = fill(megabytes)
  // Without images: the executables that those need are kept in the folder by and by.
  const monitor = watch({ rules: [], snapshots: { dir, images: false } })
  const all = []
  // The first capture makes ready what the others find.
  await ways.file(monitor)
  for (let round = 0; round < rounds; round++) {
    const one = {}
    for (const way of round % 2 ? ['file', 'report'] : ['report', 'file']) {
      const before = written()
      one[way] = await ways[way](monitor, round)
      one[way].written = written() - before
    }
    all.push(one)
  }
  await monitor.stop()
  console.log(JSON.stringify({ rounds: all, heapUsed: process.memoryUsage().heapUsed }))
}

main()

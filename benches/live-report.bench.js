'use strict'

// A report of a running server against a capture of the same heap to a file, in turn, in one process.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { watchChildren } = require('./lib/children')
const { median, program } = require('./lib/measure')

async function run ({ rounds, quick, note }) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  try {
    const megabytes = quick ? 10 : 100
    let most
    const result = await program('live-report', { megabytes, rounds, dir }, ['--max-old-space-size=4000', '--no-memory-reducer'], ({ pid }) => { most = watchChildren(pid, 50) })
      .finally(() => most?.())
    for (const [at, { file, report }] of result.rounds.entries()) {
      note(`round ${at + 1}: to a file ${Math.round(file.durationMs)} ms, paused ${file.pauseMs.toFixed(1)}, wrote ${(file.written / 1e6).toFixed(1)} MB; ` +
        `report ${Math.round(report.durationMs)} ms, paused ${report.pauseMs.toFixed(1)}, wrote ${report.written} bytes`)
    }
    note(`heap ${(result.heapUsed / 1e6).toFixed(0)} MB; the most a child had for itself ${(most() / 1e6).toFixed(0)} MB`)
    const of = (figure) => median(result.rounds.map(figure))
    return [
      { what: `${megabytes} MB: pause, report / capture to a file`, value: of(({ file, report }) => report.pauseMs / file.pauseMs), unit: '×' },
      { what: `${megabytes} MB: bytes written to a disk for a report`, value: Math.max(...result.rounds.map(({ report }) => report.written)), unit: 'B', atMost: 0 },
      { what: `${megabytes} MB: total time, report / capture to a file`, value: of(({ file, report }) => report.durationMs / file.durationMs), unit: '×', atMost: 1.15 }
    ]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

module.exports = { name: 'live-report', title: 'a report of a running server against a capture of its heap to a file', run }

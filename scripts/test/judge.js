'use strict'

// Turns what a runner printed into numbers.

/** Without colour codes, which would hide the lines looked for. */
// eslint-disable-next-line no-control-regex
const plain = (output) => output.replace(/\x1b\[[0-9;]*m/g, '')

/** `test result: ok. 12 passed; 0 failed; 1 ignored; …`, one such line for every test binary. */
function countCargo (output) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const [, passed, failed, ignored] of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    counts.passed += Number(passed)
    counts.failed += Number(failed)
    counts.skipped += Number(ignored)
  }
  return counts
}

/** The spec reporter closes with `ℹ pass 3`, `ℹ fail 0` and so on. A cancelled test did not pass. */
function countNode (output) {
  const last = (word) => Number([...output.matchAll(new RegExp(`^ℹ ${word} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0)
  return { passed: last('pass'), failed: last('fail') + last('cancelled'), skipped: last('skipped') + last('todo') }
}

const counters = {
  cargo: countCargo,
  node: countNode,
  stage: (_output, status) => ({ passed: status === 0 ? 1 : 0, failed: 0, skipped: 0 })
}

/**
 * @param {{ counts: 'cargo' | 'node' | 'stage' }} stage
 * @param {{ status: number | null, output: string, problem?: string }} outcome
 * @returns {{ passed: number, failed: number, skipped: number, why?: string }}
 */
function judge (stage, { status, output, problem }) {
  const counts = counters[stage.counts](plain(output), status)
  if (problem) return { ...counts, failed: Math.max(counts.failed, 1), why: problem }
  if (status !== 0 && counts.failed === 0) return { ...counts, failed: 1, why: `exit status ${status}` }
  // A runner that is happy because it found nothing to run has tested nothing.
  if (status === 0 && counts.passed === 0) return { ...counts, failed: 1, why: 'no test ran' }
  return counts
}

module.exports = { judge, plain }

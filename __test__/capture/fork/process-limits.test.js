'use strict'

// A process with limits of its own (`ulimit -v`, `ulimit -d`): what V8 cannot allocate is its end. The service lives,
// whatever the limit is, and has a file or hears why not.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const { test } = require('node:test')
const { forkTest } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')
const { isFinal, start } = require('../../support/programs')

const PAGE = 4096
/** MiB beyond what the process has: from hardly enough for V8 itself up to enough for a snapshot. */
const STEPS = [6, 24, 96, 384]
/** The field of /proc/PID/statm that the limit is compared with. */
const FIELDS = { as: 0, data: 5 }

const prlimit = fs.existsSync('/usr/bin/prlimit')

for (const kind of Object.keys(FIELDS)) {
  for (const mode of ['auto', 'inline']) {
    const body = async (t) => {
      const dir = tempDir(t)
      const { child, line, lines, ended } = start('limited', [dir], { stdio: ['pipe', 'pipe', 'pipe'], deadline: 120_000 })
      t.after(() => child.kill('SIGKILL'))
      await line(({ type }) => type === 'ready')
      const answers = []
      for (const step of STEPS) {
        const used = Number(fs.readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[FIELDS[kind]]) * PAGE
        execFileSync('prlimit', [`--pid=${child.pid}`, `--${kind}=${used + step * 2 ** 20}:unlimited`])
        child.stdin.write(`${JSON.stringify({ mode, form: 'snapshot' })}\n`)
        const answer = await line((said) => said.type === 'answer' && !answers.includes(said))
        answers.push(answer)
        assert.ok(answer.nodes > 0 || answer.code === 'HEAPWARDEN_MEMORY_BUDGET', JSON.stringify(answer))
      }
      child.stdin.end()
      const { status, signal, stderr } = await ended
      assert.deepEqual([status, signal], [0, null], stderr)
      assert.equal(lines.at(-1).type, 'end')
      assert.match(answers[0].message, kind === 'as' ? /ulimit -v/ : /ulimit -d/)
      assert.ok(answers.at(-1).nodes > 0, answers.at(-1).message)
      assert.deepEqual(fs.readdirSync(dir).filter((name) => !isFinal(name)), [])
      t.diagnostic(answers.map(({ code, mode }, i) => `${STEPS[i]}: ${code ?? mode}`).join(', '))
    }
    const name = `a limit on ${kind === 'as' ? 'address space' : 'data'}, mode ${mode}`
    const options = { skip: !prlimit && 'needs prlimit(1)', timeout: 120_000 }
    if (mode === 'inline') test(name, options, body)
    else forkTest(name, options, body)
  }
}

'use strict'

// Descriptors that we were lent: a pipe's flags belong to everybody who has it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { bin } = require('../support/cli')
const { run, tempDir } = require('../support/helpers')

const DEADLINE_MS = 30_000

/**
 * A program under `heapwarden run`: once run has passed a signal on it has done all it does to set itself up, and the
 * flags of what was inherited are what they will stay. SIGWINCH, because without a listener it is ignored.
 */
const program = `
  trap 'heard=1' WINCH
  while [ -z "$heard" ]; do kill -WINCH $PPID; sleep 0.02; done
  for fd in 0 1 2; do sed -n "s/^flags:/$fd/p" /proc/$$/fdinfo/$fd; done > "$1/flags"
  touch "$1/ready"
  exec wc -c`

const NONBLOCK = 0o4000

test('run leaves the pipes of its stdio as they are: wc reads all of them', async (t) => {
  const dir = tempDir(t)
  // All three are real pipes. The first byte is written when the program is there to wait for it, or has ended without that.
  const line = `
    { until [ -e "$4/ready" ]; do sleep 0.02; done; head -c 3000000 /dev/zero; } |
    { "$1" "$2" run --log off -- sh -c "$3" program "$4" 2>&3 | cat; status=$?; touch "$4/ready"; exit $status; } 3>&1 1>&4 | cat >&2`
  const { status, stdout, stderr } = await run('bash', ['-c', `set -o pipefail; { ${line}; } 4>&1`, 'test', process.execPath, bin, program, dir],
    { timeout: DEADLINE_MS, killSignal: 'SIGKILL' })
  assert.deepEqual({ status, stdout: stdout.trim(), stderr }, { status: 0, stdout: '3000000', stderr: '' })
  const flags = fs.readFileSync(path.join(dir, 'flags'), 'utf8').trim().split('\n').map((one) => one.trim().split(/\s+/))
  assert.deepEqual(flags.map(([fd]) => fd), ['0', '1', '2'])
  for (const [fd, octal] of flags) assert.equal(Number.parseInt(octal, 8) & NONBLOCK, 0, `descriptor ${fd} became non-blocking`)
})

test('what run has to say of itself reaches a pipe, and another program\'s pipe stays as it is', async () => {
  const { stdout } = await run('bash', ['-c', '{ "$1" "$2" run --log off -- /no/such/program; echo "status $?"; } 2>&1 | cat', 'test', process.execPath, bin],
    { timeout: DEADLINE_MS, killSignal: 'SIGKILL' })
  assert.match(stdout, /^heapwarden: \/no\/such\/program cannot be run: .*ENOENT\nstatus 1\n$/)
})

test('help that nobody reads to its end is no failure', async () => {
  const { stderr, stdout } = await run('bash', ['-c', '"$1" "$2" run --help | head -n 1; echo "${PIPESTATUS[0]}"', 'test', process.execPath, bin],
    { timeout: DEADLINE_MS, killSignal: 'SIGKILL' })
  assert.match(stdout, /^usage: heapwarden run .*\n0\n$/)
  assert.equal(stderr, '')
})

'use strict'

// For which heap and which container a snapshot exists, and for which it is refused; and whether the kernel had to kill
// anybody.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { entering, group, killsIn, processesIn } = require('./base/groups')
const { scratchFolder } = require('./base/undo')

const ROWS = ['fork', 'inline', 'rule', 'limit', 'six', 'tight']
const USAGE = `usage: node scripts/containers.js [--quick] [--only ${ROWS.join('|')}]

Makes real memory groups (cgroup v1, writable), with half a core each, and prints a table for docs/performance.md.
Exit status 1 if the kernel killed a service.

  --quick       two groups and two heaps
  --only ROWS   these alone; "tight" runs a leak up to --max-old-space-size=400 in 512 MiB, with us and without, several times`

const MIB = 2 ** 20
const DEADLINE_MS = 90_000
const TIGHT_RUNS = 4
/** MiB. */
const GROUPS = [64, 128, 256, 512, 1024]
const HEAPS = [5, 20, 40, 80, 160, 320]
/** What a Node.js process has beside its heap, MiB: no heap is tried that does not fit without us. */
const BESIDE = 60

const SERVICE = `
  const { takeSnapshot, watch } = require(${JSON.stringify(path.join(__dirname, '..'))})
  const [dir, mib, order] = process.argv.slice(1)
  const kept = []
  const grow = (bytes) => { while (process.memoryUsage().heapUsed < bytes) for (let i = 0; i < 5000; i++) kept.push({ i, list: [i] }) }
  if (order === 'limit' || order === 'without') {
    if (order === 'limit') watch({ rules: [], snapshots: { dir, form: 'snapshot' } })
    const leak = () => { for (let i = 0; i < 5000; i++) kept.push({ i, list: [i] }); setImmediate(leak) }
    leak()
  } else if (order === 'rule') {
    // It breaches half way, and the heap grows on meanwhile.
    const rules = [{ name: 'r', metric: 'heapUsed', above: mib / 2 * ${MIB}, do: ['snapshot'] }]
    let said
    watch({ interval: 100, rules, nearHeapLimit: false, snapshots: { dir, form: 'snapshot' } })
      .once('snapshot', () => { said = 'snapshot' }).once('snapshotFailed', ({ code }) => { said = code })
    const more = () => {
      const full = process.memoryUsage().heapUsed >= mib * ${MIB}
      for (let i = 0; i < 1000 && !full; i++) kept.push({ i, list: [i] })
      if (!full || !said) return setTimeout(more, full ? 50 : 0)
      console.log(said)
      process.exit()
    }
    more()
  } else {
    grow(mib * ${MIB})
    takeSnapshot({ dir, form: 'snapshot', mode: order }).then(() => console.log('snapshot'), ({ code }) => console.log(code)).finally(() => console.log(kept.length))
  }`

/** Runs `count` services in one group; how each ended, and whom the kernel killed. */
async function run ({ limit, heap, order, count = 1, half = true }) {
  const { dir, remove } = scratchFolder('heapwarden-containers-')
  const memory = group('memory', { 'memory.limit_in_bytes': limit * MIB })
  const cpu = half && group('cpu', { 'cpu.cfs_quota_us': 50_000 })
  const enter = entering([memory, cpu].filter(Boolean))
  const flags = order === 'limit' || order === 'without' ? [`--max-old-space-size=${heap}`] : ['--max-old-space-size=900']
  const ends = await Promise.all(Array.from({ length: count }, async () => {
    const child = spawn('/bin/sh', ['-c', `${enter}; exec "$@"`, 'sh', process.execPath, ...flags, '-e', SERVICE, dir, heap, order], {
      stdio: ['ignore', 'pipe', 'ignore'], timeout: DEADLINE_MS, killSignal: 'SIGTERM'
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (piece) => { text += piece })
    const [, signal] = await once(child, 'close')
    return { signal, said: text.split('\n')[0] }
  }))
  // A dump outlives its service.
  for (let i = 0; processesIn(memory.place).length > 0 && i < DEADLINE_MS / 50; i++) await new Promise((resolve) => setTimeout(resolve, 50))
  const kills = killsIn(memory)
  const left = fs.readdirSync(dir).filter((file) => file.endsWith('.zst')).length
  memory.remove()
  if (cpu) cpu.remove()
  remove()
  const killed = ends.filter(({ signal }) => signal === 'SIGKILL').length
  const late = ends.filter(({ signal }) => signal === 'SIGTERM').length
  const codes = [...new Set(ends.map(({ said }) => said).filter((said) => /^HEAPWARDEN_/.test(said)))]
  // Of six files `keep` leaves five, when whoever wrote the first is gone.
  const files = order === 'limit' || order === 'without' ? left : ends.filter(({ said }) => said === 'snapshot').length
  const what = files === count ? 'snapshot' : files > 0 ? `${files} of ${count}${codes.map((code) => `, ${code}`).join('')}` : 'refused'
  const aborted = ends.filter(({ signal }) => signal === 'SIGABRT').length
  return { killed, aborted, text: [what, kills && `${kills} killed`, late && `${late} too late`].filter(Boolean).join(', ') }
}

async function main () {
  const { values: { quick, only }, misused } = commandLine(USAGE, { options: { quick: { type: 'boolean' }, only: { type: 'string' } } })
  if (only !== undefined && !ROWS.includes(only)) misused(`--only: there is no row "${only}"`)
  const groups = quick ? [128, 512] : GROUPS
  let killed = 0
  const cell = async (options) => {
    const one = await run(options)
    killed += one.killed
    return one.text
  }
  const wanted = (row) => only === undefined || only === row
  console.log(`| heap of small objects, order | ${groups.map((limit) => `${limit} MiB`).join(' | ')} |\n|---|${'---|'.repeat(groups.length)}`)
  for (const order of ['fork', 'inline', 'rule', 'limit'].filter(wanted)) {
    for (const heap of quick ? [5, 40] : HEAPS) {
      if ((order === 'limit' || order === 'rule') && heap < 20) continue
      const cells = []
      for (const limit of groups) cells.push(heap * 1.3 + BESIDE > limit ? '–' : await cell({ limit, heap, order }))
      console.log(`| ${heap} MiB, ${order} | ${cells.join(' | ')} |`)
    }
  }
  if (wanted('six')) {
    const cells = []
    for (const limit of groups) cells.push(limit < 400 ? '–' : await cell({ limit, heap: 10, order: 'fork', count: 6 }))
    console.log(`| six of 10 MiB at once, fork | ${cells.join(' | ')} |`)
  }
  for (const order of wanted('tight') ? ['without', 'limit'] : []) {
    const ends = { killed: 0, aborted: 0 }
    for (let i = 0; i < TIGHT_RUNS; i++) {
      const one = await run({ limit: 512, heap: 400, order, half: false })
      ends.killed += one.killed
      ends.aborted += one.aborted
    }
    if (order === 'limit') killed += ends.killed
    console.log(`a leak up to 400 MiB in 512 MiB, ${order === 'limit' ? 'watched' : 'without us'}: of ${TIGHT_RUNS} runs V8 ended ${ends.aborted}, the kernel ${ends.killed}`)
  }
  console.log(`services killed by the kernel: ${killed}`)
  process.exitCode = killed > 0 ? 1 : 0
}

main()

'use strict'

// Collects snapshots of the truth table's programs: `node collect.js --out DIR [--node BIN] [--modules DIR] [--healthy] [NAME…]` runs each in a
// process of its own, under load, and leaves DIR/NAME/1.heapsnapshot.zst, 2…, 3… What a row of a table may say:
//
// | | default | |
// |---|---|---|
// | `name` | | NAME.js, NAME.mjs, NAME/server.js or NAME/server.mjs in the table's folder |
// | `request (i, round)` | `/?id=${i}` | a path, or `{ path, method, headers, body, abort }` as load.js has it; `i` goes on over all rounds |
// | `warmUp`, `perRound`, `rounds` | 60, 300, 2 | requests before the first snapshot, and between two; `perRound` may be a list |
// | `snapshots` | | the same as `rounds` + 1 |
// | `connections` | 8 | at once |
// | `duringLoad` | false | snapshots are taken while requests come and go; else when each is answered and its connection closed |
// | `settleMs` | 0 | what the program is given after a round, where it lets go by time. A list: one for each snapshot |
// | `pauseMs` | 0 | what it is given before a round: a night |
// | `mayFail` | false | answers of 500 and more are meant |
// | `packages` | | `{ name: 'version' }`, installed below `modules` |
// | `worker` | false | the server runs in a worker thread |
// | `flags`, `env` | | of its process |

const { fork } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { parseArgs } = require('node:util')
const { load } = require('./load')
const { withPackages } = require('./install')

const TABLES = { leaks: __dirname, healthy: path.join(__dirname, '..', 'healthy') }
const MODULES = path.join(__dirname, '.cache', 'modules')
/** From a program's start to its end. */
const DEADLINE_MS = 240_000

/** The rows of a table, each with its `program`: the file's path. */
function rows (table = 'leaks') {
  const folder = TABLES[table]
  return require(path.join(folder, 'table.js')).map((row) => ({ ...row, program: programOf(row.name, folder) }))
}

function programOf (name, folder) {
  const places = [`${name}.js`, `${name}.mjs`, `${name}/server.js`, `${name}/server.mjs`].map((place) => path.join(folder, place))
  const file = places.find((place) => fs.existsSync(place))
  if (!file) throw new Error(`there is no program ${name} in ${folder}`)
  return file
}

/** Starts a row's program. `told(type)`: what it says next of that kind; rejects if it ends or fails instead. */
async function start (row, { node = process.execPath, modules = MODULES } = {}) {
  const file = await withPackages(row.program, row.packages, modules)
  const child = fork(path.join(__dirname, 'serve.js'), [JSON.stringify({ file, worker: row.worker })], {
    execPath: node,
    execArgv: ['--expose-gc', ...row.flags ?? []],
    env: { ...process.env, ...row.env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
  // Not fork()'s own `timeout`: Node 26 keeps waiting for it, and the process with it, when the child has long ended.
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  child.once('exit', () => clearTimeout(deadline))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text })
  // With all that it had to say. To a parent that has hung up there is no such event, only the exit.
  const closed = once(child, 'close')
  const exited = once(child, 'exit')
  const told = async (wanted) => {
    const over = new AbortController()
    try {
      const said = await Promise.race([
        once(child, 'message', { signal: over.signal }).then(([message]) => message),
        closed.then(([code, signal]) => { throw new Error(`ended with ${signal ?? code}`) })
      ])
      if (said.type !== wanted) throw new Error(said.message ?? said.type)
      return said
    } finally {
      over.abort()
    }
  }
  /** @returns what it has complained of */
  const stop = async () => {
    if (child.connected) child.disconnect()
    await exited
    return stderr
  }
  return { child, told, stop }
}

/**
 * Runs a row's program under load.
 * @param {{ out: string, node?: string, modules?: string, snapshot?: object }} options snapshot: more options for takeSnapshot()
 * @returns {Promise<string[]>} the snapshots, oldest first
 */
async function collect (row, options) {
  const { duringLoad = false, warmUp = 60, perRound = 300, settleMs = 0, pauseMs = 0 } = row
  const rounds = row.rounds ?? (row.snapshots ? row.snapshots - 1 : 2)
  const of = (value, i) => Array.isArray(value) ? value[i] : value
  const counts = [warmUp, ...Array.from({ length: rounds }, (_, i) => of(perRound, i))]
  const folder = path.resolve(options.out, row.name)
  fs.mkdirSync(folder, { recursive: true })
  const program = await start(row, options)
  const take = async (number) => {
    const file = path.join(folder, `${number}.heapsnapshot.zst`)
    program.child.send({ type: 'snapshot', atRest: !duringLoad, options: { ...options.snapshot, path: file, form: 'snapshot' } })
    return (await program.told('snapshot')).path
  }
  try {
    const { port } = await program.told('listening')
    const paths = []
    let first = 0
    for (const [round, count] of counts.entries()) {
      const common = { port, row, round, first, count }
      if (round > 0) await sleep(pauseMs)
      if (duringLoad) {
        let half
        const taken = new Promise((resolve) => { half = resolve }).then(() => take(round + 1))
        const onAnswer = (answered) => answered >= count / 2 && half()
        const [next, file] = await Promise.all([load({ ...common, until: taken, onAnswer }), taken])
        first = next
        paths.push(file)
      } else {
        first = await load(common)
        await sleep(of(settleMs, round))
        paths.push(await take(round + 1))
      }
    }
    await program.stop()
    return paths
  } catch (error) {
    throw new Error(`${row.name}: ${error.message}\n${await program.stop()}`, { cause: error })
  }
}

async function main () {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' }, node: { type: 'string' }, modules: { type: 'string' }, healthy: { type: 'boolean', default: false } }
  })
  if (!values.out) throw new Error('usage: node collect.js --out DIR [--node BIN] [--modules DIR] [--healthy] [NAME…]')
  const all = rows(values.healthy ? 'healthy' : 'leaks')
  for (const name of positionals) if (!all.some((row) => row.name === name)) throw new Error(`there is no row ${name}`)
  const chosen = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  for (const row of chosen) {
    const began = performance.now()
    const paths = await collect(row, values)
    console.log(`${row.name}: ${paths.length} snapshots in ${((performance.now() - began) / 1000).toFixed(1)} s, ${path.dirname(paths[0])}`)
  }
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}

module.exports = { collect, rows, start }

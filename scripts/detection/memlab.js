'use strict'

// What memlab says of the same snapshots, with ids that match from one to the next, as it needs them: `find-leaks` with its own filter over the
// first, a middle and the last, and `analyze unbound-collection` over all. It has named the holder if the trace of one of its first findings does.

const { execFile } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')
const { runInGroup, scratchFolder } = require('../base/undo')

const execFileAsync = promisify(execFile)
const CACHE = path.join(__dirname, '.cache', 'memlab')
const COMMAND = path.join(CACHE, 'node_modules', 'memlab', 'bin', 'memlab')
const HEAPWARDEN = path.join(__dirname, '..', '..', 'bin', 'heapwarden.js')
/** Findings whose trace is asked for. */
const TRACED = 3
const FOUND = /MemLab found (\d+) leak/
const GROWING = /\(@\d+\):|No increasing collections found/
const DEADLINE_MS = 300_000

/** The current release, installed anew if the one that is there is older. @returns {Promise<string>} its version */
async function install () {
  fs.mkdirSync(CACHE, { recursive: true })
  fs.writeFileSync(path.join(CACHE, 'package.json'), JSON.stringify({ name: 'compared', private: true }))
  await execFileAsync('npm', ['install', 'memlab@latest', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: CACHE, timeout: DEADLINE_MS, env: { ...process.env, PUPPETEER_SKIP_DOWNLOAD: '1' }
  })
  return JSON.parse(fs.readFileSync(path.join(CACHE, 'node_modules', 'memlab', 'package.json'), 'utf8')).version
}

/** What a command of memlab's says, all of it on stderr today. @param {RegExp} sure must be there: what is not understood is no "nothing found" */
async function command (args, work, sure) {
  const { stdout, stderr } = await execFileAsync(process.execPath, [COMMAND, ...args, '--work-dir', work], {
    // Without a width its help and its bars fall over.
    env: { ...process.env, COLUMNS: '120' }, timeout: DEADLINE_MS, maxBuffer: 64 * 2 ** 20, killSignal: 'SIGKILL'
  })
  const text = stdout + stderr
  if (!sure.test(text)) throw new Error(`memlab ${args[0]} said neither yes nor no: ${text.slice(-200)}`)
  return text
}

/** One snapshot as JSON, which is all that memlab reads. */
async function unpacked (file, to) {
  const out = fs.openSync(to, 'w')
  try {
    const { status } = await runInGroup(process.execPath, [HEAPWARDEN, 'cat', file], { stdio: ['ignore', out, 'inherit'], timeout: DEADLINE_MS })
    if (status !== 0) throw new Error(`${file} was not unpacked`)
    return to
  } finally {
    fs.closeSync(out)
  }
}

/** @returns {Promise<{ said: boolean, named: boolean }>} */
async function memlab (files, row) {
  const { dir, remove } = scratchFolder('heapwarden-memlab-')
  try {
    const snapshots = path.join(dir, 'snapshots')
    fs.mkdirSync(snapshots)
    const json = []
    for (const [i, file] of files.entries()) json.push(await unpacked(file, path.join(snapshots, `s${i + 1}.heapsnapshot`)))
    const last = json.at(-1)
    const middle = json.at(Math.floor((json.length - 1) / 2))
    const traces = []
    if (json.length > 2) {
      const text = await command(['find-leaks', '--baseline', json[0], '--target', middle, '--final', last], path.join(dir, 'leaks'), FOUND)
      if (Number(FOUND.exec(text)[1]) > 0) traces.push(text)
    }
    const growing = await command(['analyze', 'unbound-collection', '--snapshot-dir', snapshots], path.join(dir, 'growing'), GROWING)
    const ids = [...growing.matchAll(/\(@(\d+)\):/g)].map(([, id]) => id)
    for (const id of ids.slice(0, TRACED)) {
      traces.push(await command(['trace', `--node-id=${id}`, '--snapshot', last], path.join(dir, 'trace'), /node @/))
    }
    return { said: traces.length > 0, named: Boolean(row.holder && traces.some((text) => row.holder.test(text))) }
  } finally {
    remove()
  }
}

module.exports = { install, memlab }

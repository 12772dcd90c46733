'use strict'

// Ends heaps in many ways and looks at what is left of them: an image that thaws whole, or what was said instead. Prints a
// table for the Node that runs this; docs/out-of-memory.md says what came of it.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { scratchFolder } = require('./base/undo')
const { summarize, thaw } = require('..')

const USAGE = `usage: node scripts/exhaustion.js [--size MIB] [--node-flag] [KIND…]

All ways if no kinds are given. Exit status 1 if one left no image that thaws.

  --size MIB    --max-old-space-size of the program: 100 if not given
  --node-flag   also with --heapsnapshot-near-heap-limit=1 and without us, for the column beside`
const program = path.join(__dirname, '..', '__test__', 'programs', 'exhaust.js')
const DEADLINE_MS = 120_000
const ENDED = /heap limit|out of memory|heapwarden/i

async function run (kind, dir, flags, watched = true) {
  const began = performance.now()
  const child = spawn(process.execPath, [...flags, program, kind, watched ? dir : 'unwatched'], {
    stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS, killSignal: 'SIGKILL', cwd: dir
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece) => { text += piece })
  const [status, signal] = await once(child, 'close')
  return { end: signal ?? status, ms: performance.now() - began, said: text.split('\n').filter((line) => ENDED.test(line)) }
}

async function left (dir) {
  const files = fs.readdirSync(dir)
  const images = files.filter((name) => name.endsWith('.heapimage.zst'))
  const ends = []
  for (const name of images) {
    const out = path.join(dir, 'thawed.heapsnapshot.zst')
    try {
      const began = performance.now()
      const { nodes } = await thaw(path.join(dir, name), { path: out })
      const { totalSize } = await summarize(out)
      ends.push({ whole: true, text: `${nodes} nodes, ${Math.round(totalSize / 2 ** 20)} MiB, thawed in ${((performance.now() - began) / 1000).toFixed(1)} s` })
    } catch (error) {
      ends.push({ whole: false, text: `${error.code}: ${error.message}` })
    }
  }
  return { images: images.length, ends, others: files.filter((name) => name.startsWith('.') || name.endsWith('.heapsnapshot.zst')) }
}

async function main () {
  const { values, operands, count } = commandLine(USAGE, {
    options: { size: { type: 'string' }, 'node-flag': { type: 'boolean' } }, operands: Infinity
  })
  const size = values.size ? count('MIB', values.size) : 100
  const flags = [`--max-old-space-size=${size}`]
  const all = require('node:child_process').execFileSync(process.execPath, [program], { encoding: 'utf8' }).trim().split('\n')
  let failed = 0
  console.log(`${process.version}, --max-old-space-size=${size}\n`)
  console.log(`| way | ended | image | thawed |${values['node-flag'] ? " Node's own flag |" : ''}`)
  console.log(`|---|---|---|---|${values['node-flag'] ? '---|' : ''}`)
  for (const kind of operands.length > 0 ? operands : all) {
    const { dir, remove } = scratchFolder('heapwarden-exhaustion-')
    const { end, said } = await run(kind, dir, flags)
    const { images, ends, others } = await left(dir)
    const whole = images > 0 && ends.every(({ whole }) => whole)
    if (!whole) failed++
    const cells = [kind, end, images || `none${said.length > 0 ? `: ${said.join(' / ').slice(0, 300)}` : ''}`, ends.map(({ text }) => text).join('; ') || others.join(' ')]
    remove()
    if (values['node-flag']) {
      const own = scratchFolder('heapwarden-exhaustion-')
      await run(kind, own.dir, [...flags, '--heapsnapshot-near-heap-limit=1'], false)
      const sizes = fs.readdirSync(own.dir).filter((name) => name.endsWith('.heapsnapshot')).map((name) => fs.statSync(path.join(own.dir, name)).size)
      cells.push(sizes.length === 0 ? 'no file' : sizes.map((bytes) => bytes === 0 ? '0 bytes' : `${Math.round(bytes / 2 ** 20)} MiB`).join(', '))
      own.remove()
    }
    console.log(`| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`)
  }
  process.exitCode = failed > 0 ? 1 : 0
}

main()

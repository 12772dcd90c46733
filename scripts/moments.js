'use strict'

// Freezes a busy service at random moments of its life, from a signal in the middle of whatever it does, and thaws each image.
// What the service computes must stay right, its requests are answered, and all copies but one of a hundred must be whole. Prints
// the table of docs/images.md.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { scratchFolder, undoLater } = require('./base/undo')
const root = path.join(__dirname, '..')

const USAGE = `usage: node scripts/moments.js [--count N] [--in-place] [--node NODE]… [--modules FOLDER] [--keep FOLDER]

Exit status 1 if the service computed something wrong, or lost a request, or an image was not taken, or more than one of a hundred did not
thaw whole.

  --count N         moments on each Node: 100 if not given
  --in-place        images in place, at stack guards and turns of the loop; without it by fork, from a signal
  --node NODE       a node that runs the service: this one if none is given
  --modules FOLDER  a node_modules with better-sqlite3, built for that Node, and sharp, which are left out without it
  --keep FOLDER     where images stay that are not whole`

const THAW_MS = 120_000
/** Copies at a time, beside the service. */
const AT_A_TIME = 2

async function main () {
  const { values, count } = commandLine(USAGE, {
    options: {
      count: { type: 'string' }, 'in-place': { type: 'boolean' }, node: { type: 'string', multiple: true }, modules: { type: 'string' }, keep: { type: 'string' }
    }
  })
  const moments = values.count ? count('--count', values.count) : 100
  console.log('| Node | kind | moments | from a signal | jobs, requests | wrong or lost | whole | the others |\n|---|---|---|---|---|---|---|---|')
  for (const node of values.node ?? [process.execPath]) {
    if (!await row(node, moments, values)) process.exitCode = 1
  }
}

/** Runs a service on `node`, and thaws what it leaves while it leaves more. */
async function row (node, count, { 'in-place': inPlace, modules, keep }) {
  const { dir, remove } = scratchFolder('heapwarden-moments-')
  const kind = inPlace ? 'in place' : 'fork'
  const host = path.join(__dirname, 'base', 'busy-service.js')
  const child = spawn(node, ['--max-old-space-size=300', host, dir, count, kind, modules ?? ''], { stdio: ['ignore', 'pipe', 'inherit'] })
  const end = undoLater(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text) => { said += text })
  const over = once(child, 'close').then(([status, signal]) => { over.is = signal ?? status })
  const bad = new Map()
  let whole = 0
  const taken = new Set()
  const thawing = async () => {
    for (;;) {
      const ended = over.is !== undefined
      const name = fs.readdirSync(dir).find((one) => /^heapwarden-.*\.heapimage\.zst$/.test(one) && !taken.has(one))
      if (name === undefined) {
        if (ended) return
        await new Promise((resolve) => setTimeout(resolve, 50))
        continue
      }
      taken.add(name)
      const image = path.join(dir, name)
      const why = await lack(image)
      if (why === undefined) whole++
      else {
        bad.set(why, (bad.get(why) ?? 0) + 1)
        if (keep) fs.copyFileSync(image, path.join(keep, name))
      }
      fs.rmSync(image)
    }
  }
  await Promise.all([over, ...Array.from({ length: AT_A_TIME }, thawing)])
  end()
  if (keep && bad.size > 0) fs.cpSync(path.join(dir, 'objects'), path.join(keep, 'objects'), { recursive: true })
  remove()
  const { version = node, work = 0, requests = 0, wrong, failed, interrupted, with: parts } = said
    ? JSON.parse(said)
    : { wrong: [`the service ended with ${over.is}`], failed: [], interrupted: 0 }
  const others = [...bad].map(([why, times]) => `${times} × ${why}`).concat(failed.map((why) => `not taken: ${why}`))
  const cells = [version, kind, count, interrupted, `${work}, ${requests}`, wrong.length === 0 ? 'none' : `${wrong.length}: ${[...new Set(wrong)]}`, `${whole} of ${taken.size}`, others.join('; ')]
  console.log(`| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
  if (parts) console.error(`(${version} with ${parts})`)
  return wrong.length === 0 && failed.length === 0 && (taken.size - whole) * 100 <= count
}

/** What is not right with an image, in words that are the same for each of its kind. */
async function lack (image) {
  const { thaw } = require(root)
  const to = `${image}.thawed.heapsnapshot.zst`
  try {
    const { nodes } = await thaw(image, { path: to, timeout: THAW_MS })
    return nodes > 10_000 ? undefined : `${nodes} nodes`
  } catch (error) {
    return error.message.replaceAll(image, 'IMAGE').replaceAll(/0x[0-9a-f]+/g, '0x…').slice(0, 400)
  } finally {
    fs.rmSync(to, { force: true })
  }
}

main()

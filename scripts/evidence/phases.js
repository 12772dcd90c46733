'use strict'

// What is left when something is ended, removed or full in the middle of an image, or of a thaw: no file, or a whole one, or one that is
// known to be cut; and nothing that is never cleaned.

const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { undoLater } = require('../base/undo')
const { cli, over, root, sleep, start, thawed, withFolder } = require('./host')

const HEAP = 96
const MIB = 2 ** 20
/** Bytes of a temporary file at which it is struck: as soon as it is there, and amid its writing. */
const MOMENTS = { begin: 0, middle: 3 * MIB }
const LATEST_MS = 60_000
const DYING_MS = 5000

const isTemporary = (name) => name.startsWith('.') && name.endsWith('.tmp')

/** The temporary file in `dir`, once it has so many bytes; undefined if `over` says so first. */
async function temporary (dir, bytes, over) {
  for (const until = Date.now() + LATEST_MS; Date.now() < until && !over();) {
    for (const name of fs.readdirSync(dir).filter(isTemporary)) {
      const size = fs.statSync(path.join(dir, name), { throwIfNoEntry: false })?.size
      if (size >= bytes) return name
    }
    await new Promise(setImmediate)
  }
}

const childOf = (pid) => {
  for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
    const child = fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim()
    if (child) return Number(child.split(' ')[0])
  }
}

/** What strikes a service at such a moment; what it gives is the folder that is to be looked at afterwards. */
const STRIKES = {
  service: ({ pid, dir }) => { process.kill(pid, 'SIGKILL'); return dir },
  child: ({ pid, dir }) => { const child = childOf(pid); if (child) process.kill(child, 'SIGKILL'); return dir },
  removed: ({ dir }) => { fs.rmSync(dir, { recursive: true, force: true }); return dir },
  renamed: ({ dir }) => { fs.renameSync(dir, `${dir}-moved`); return `${dir}-moved` },
  file: ({ dir, name }) => { fs.rmSync(path.join(dir, name), { force: true }); return dir }
}

/** Looks at what is left: each file whole or said to be cut, and rubbish gone when somebody writes there next. */
async function looked (node, dir) {
  const wrong = []
  if (!fs.existsSync(dir)) return { wrong, images: 0 }
  const files = JSON.parse((await cli(node, 'ls', dir, '--json')).stdout)
  for (const { path: file, complete } of files) {
    const { said, why } = await thawed(node, file, { whole: false })
    if (complete && !said) wrong.push(`${path.basename(file)} is said to be whole: ${why}`)
    if (!complete && !/at byte \d+|ends in the middle/.test(why ?? '')) wrong.push(`${path.basename(file)} is cut: ${why ?? said}`)
  }
  const before = fs.readdirSync(dir).filter((name) => name.startsWith('.'))
  await runHeapwarden(node, `takeSnapshot({ dir: ${JSON.stringify(dir)}, form: 'image' })`)
  const after = fs.readdirSync(dir).filter((name) => name.startsWith('.') && before.includes(name))
  if (after.length > 0) wrong.push(`stays for ever: ${after}`)
  return { wrong, images: files.length }
}

async function runHeapwarden (node, code) {
  const child = spawn(node, ['-e', `require(${JSON.stringify(root)}).${code}`], { stdio: 'ignore' })
  await once(child, 'close')
}

/** An image is struck. */
async function struck (node, { mode, strike, moment, limit }) {
  return withFolder(async (outer) => {
    const dir = path.join(outer, 'images')
    fs.mkdirSync(dir)
    const options = limit ? { leak: true, watch: { snapshots: { dir } } } : { heap: HEAP, order: { dir, form: 'image', mode, maxPause: '1m' } }
    const service = start({ node, options, flags: limit ? [`--max-old-space-size=${HEAP}`] : [] })
    const { pid } = await service.line('ready') ?? {}
    if (!limit) service.say('go')
    let done = false
    service.line('taken').then(() => { done = true })
    service.ended.then(() => { done = true })
    const name = await temporary(dir, MOMENTS[moment], () => done)
    const place = name ? STRIKES[strike]({ pid, dir, name }) : dir
    const taken = strike === 'service' || limit ? undefined : await service.line('taken')
    const said = taken?.info ? `image, ${taken.info.mode}` : taken?.code
    if (!limit && strike !== 'service') {
      // It lives, and takes the next one.
      fs.mkdirSync(dir, { recursive: true })
      service.say('exit')
    }
    const { signal, status, orphans } = await over(service)
    const { wrong, images } = await looked(node, place)
    const asEver = strike === 'service' ? signal === 'SIGKILL' : limit ? signal === 'SIGABRT' : status === 0
    if (!asEver) wrong.push(`ended by ${signal ?? status}`)
    if (orphans) wrong.push(`${orphans} orphans`)
    if (!limit && strike !== 'service' && !said) wrong.push('no answer')
    return { ok: wrong.length === 0, killed: 0, text: `${name ? '' : 'not met in time; '}${said ?? 'ended'}; ${images} files`, trouble: wrong.join('; ') }
  })
}

const rows = []
for (const [how, what] of [[{ mode: 'fork' }, 'by fork'], [{ mode: 'inline' }, 'in place'], [{ limit: true }, 'at the limit']]) {
  for (const strike of Object.keys(STRIKES)) {
    if (strike === 'child' && how.mode !== 'fork') continue
    for (const moment of Object.keys(MOMENTS)) {
      rows.push({
        name: `struck-${how.mode ?? 'limit'}-${strike}-${moment}`,
        what: `an image ${what}: ${strike === 'service' || strike === 'child' ? `SIGKILL of the ${strike}` : `the ${strike === 'file' ? 'temporary file removed' : `folder ${strike}`}`}, ${moment}`,
        run: ({ node }) => struck(node, { ...how, strike, moment })
      })
    }
  }
}

/** The disk is full after so many MiB: of a tmpfs. */
async function full (node, { mode, limit, mib }) {
  return withFolder(async (outer) => {
    const dir = path.join(outer, 'images')
    fs.mkdirSync(dir)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', dir])
    const unmount = undoLater(() => execFileSync('umount', ['-l', dir]))
    const options = limit ? { leak: true, watch: { snapshots: { dir, minFreeDisk: 0 } } } : { heap: HEAP, order: { dir, form: 'image', mode, maxPause: '1m', minFreeDisk: 0 } }
    const service = start({ node, options, flags: limit ? [`--max-old-space-size=${HEAP}`] : [] })
    await service.line('ready')
    if (!limit) service.say('go')
    const taken = limit ? undefined : await service.line('taken')
    if (!limit) service.say('exit')
    const { signal, status, stderr } = await over(service)
    const files = fs.readdirSync(dir)
    unmount()
    const said = taken?.code ?? stderr.split('\n').find((line) => line.startsWith('heapwarden'))
    const wrong = [...files, ...((limit ? signal === 'SIGABRT' && /No space|minFreeDisk/.test(said) : status === 0 && said === 'HEAPWARDEN_NO_SPACE') ? [] : [`ended ${signal ?? status}, ${said} ${taken?.message ?? ''}`])]
    return { ok: wrong.length === 0, killed: 0, text: limit ? 'said on stderr, V8 ended it' : String(said), trouble: wrong.join('; ') }
  })
}

for (const [how, what] of [[{ mode: 'fork' }, 'by fork'], [{ mode: 'inline' }, 'in place'], [{ limit: true }, 'at the limit']]) {
  for (const mib of [1, 4]) rows.push({ name: `full-${how.mode ?? 'limit'}-${mib}`, what: `an image ${what}: the disk is full after ${mib} MiB`, run: ({ node }) => full(node, { ...how, mib }) })
}

const loadersAlone = () => execFileSync('ps', ['-eo', 'ppid,args'], { encoding: 'utf8' }).split('\n').filter((line) => /^\s*1 .*heapwarden-thaw/.test(line))

/** A thaw is struck: `heapwarden COMMAND`, whose folder `work` is looked at. */
async function thawStruck (node, { strike, moment, command }) {
  return withFolder(async (dir) => {
    const image = path.join(dir, 'images')
    const work = path.join(dir, 'work')
    fs.mkdirSync(image)
    fs.mkdirSync(work)
    const service = start({ node, options: { heap: HEAP, order: { dir: image, form: 'image' } } })
    await service.line('ready')
    service.say('go')
    const { info } = await service.line('taken')
    service.say('exit')
    await over(service)
    const file = command === 'thaw' ? info.path : path.join(work, path.basename(info.path))
    if (command !== 'thaw') fs.renameSync(info.path, file)
    const args = command === 'thaw' ? ['thaw', file, '-o', path.join(work, 'out.heapsnapshot.zst')] : [command, file]
    const child = spawn(node, [path.join(root, 'bin', 'heapwarden.js'), ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    let ended
    child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text })
    const end = once(child, 'close').then((how) => { ended = how; return how })
    const deep = () => fs.existsSync(work) ? [work, ...fs.readdirSync(work, { withFileTypes: true }).filter((one) => one.isDirectory() && one.name.startsWith('.')).map(({ name }) => path.join(work, name))] : []
    let name
    while (!name && !ended) {
      for (const place of deep()) name ??= await temporary(place, MOMENTS[moment], () => true) ?? fs.readdirSync(place).find((one) => isTemporary(one) && fs.statSync(path.join(place, one), { throwIfNoEntry: false })?.size >= MOMENTS[moment])
      await new Promise(setImmediate)
    }
    if (strike === 'killed') child.kill('SIGKILL')
    else if (strike === 'removed') fs.rmSync(work, { recursive: true, force: true })
    const [status, signal] = await end
    const wrong = name ? [] : ['not met in time']
    // It dies with its parent; a large one takes a moment.
    let loaders = loadersAlone()
    for (let i = 0; loaders.length > 0 && i < DYING_MS / 50; i++) {
      await sleep(50)
      loaders = loadersAlone()
    }
    if (loaders.length > 0) wrong.push(`the loader lives: ${loaders}`)
    if (strike === 'removed' && status !== 1) wrong.push(`ended with ${signal ?? status}`)
    if (strike === 'killed') {
      const before = fs.readdirSync(work).filter((one) => one !== path.basename(file))
      if (before.some((one) => !one.startsWith('.'))) wrong.push(`left ${before}`)
      // The next one cleans.
      await cli(node, ...args)
      const after = fs.readdirSync(work).filter((one) => before.includes(one))
      if (after.length > 0) wrong.push(`stays for ever: ${after}`)
    }
    return { ok: wrong.length === 0, killed: 0, text: `ended with ${signal ?? status}${stderr && strike === 'removed' ? `: ${stderr.trim().split('\n').at(-1).slice(0, 160)}` : ''}`, trouble: wrong.join('; ') }
  })
}

for (const command of ['thaw', 'summary']) {
  for (const strike of ['killed', 'removed']) {
    for (const moment of Object.keys(MOMENTS)) {
      if (command === 'summary' && strike === 'removed') continue
      rows.push({ name: `${command}-${strike}-${moment}`, what: `heapwarden ${command}: ${strike === 'killed' ? 'SIGKILL' : 'its folder removed'}, ${moment}`, run: ({ node }) => thawStruck(node, { command, strike, moment }) })
    }
  }
}

module.exports = rows

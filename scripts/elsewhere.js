'use strict'

// Images of processes that are not like others, and images thawed in places that are not like where they come from. Prints the
// tables of docs/images.md for the Node that runs this.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { scratchFolder } = require('./base/undo')
const { SESSIONS, STRANGER, bareRoot, inBareRoot, packageInto, threeImages } = require('../__test__/support/elsewhere')
const { run } = require('../__test__/support/helpers')
const { ask, summarize, thaw } = require('..')

const USAGE = `usage: node scripts/elsewhere.js [--thaw-with NODE] [--debian ROOT…]

Needs root, strip, and for their rows libjemalloc2 and libtcmalloc-minimal4. Exit status 1 if an image was not taken or did not thaw whole.

  --thaw-with NODE   the node that runs heapwarden in the root folder that holds a bundle: this one if not given
  --debian ROOT      root folders with Debian's own nodejs, whose node has a libnode.so:
                     debootstrap --variant=minbase --include=nodejs trixie ROOT`

const KINDS = ['fork', 'inline', 'limit']
const CLI = path.join(__dirname, '..', 'bin', 'heapwarden.js')
const QUESTION = 'sessions.size + " " + sessions.get("id 7").user'
const ANSWER = `${SESSIONS} user 7`
let failed = 0

/** A word for a cell: what came of it, or why nothing did. */
async function cell (work) {
  try {
    return await work()
  } catch (error) {
    failed++
    return `${error.code ?? 'failed'}: ${error.message}`.replaceAll('\n', ' ').replaceAll('|', '\\|').slice(0, 200)
  }
}

const row = (cells) => console.log(`| ${cells.join(' | ')} |`)
const is = (found, wanted) => { if (found !== wanted) throw new Error(`${found} instead of ${wanted}`) }

/** Asked and thawed here: both right. */
async function whole (image, dir) {
  if (image === undefined) throw new Error('no image')
  const out = path.join(dir, 'thawed.heapsnapshot.zst')
  is(await ask(image, QUESTION), ANSWER)
  const { nodes } = await thaw(image, { path: out })
  const { classes } = await summarize(out)
  is(classes.find(({ name }) => name === 'Session').count, SESSIONS)
  return `whole, ${nodes} nodes`
}

function library (name) {
  const line = execFileSync('ldconfig', ['-p'], { encoding: 'utf8' }).split('\n').find((one) => one.trim().startsWith(`${name} `))
  return line?.split('=> ')[1]
}

const shell = (script, ...words) => ['sh', '-c', `${script} exec "$@"`, 'sh', ...words]
const preloaded = (name) => library(name) && ['env', `LD_PRELOAD=${library(name)}`, process.execPath]

async function origins (debian) {
  console.log('| the process | by fork | in place | at its heap limit |\n|---|---|---|---|')
  const stripped = scratchFolder('heapwarden-stripped-')
  const node = path.join(stripped.dir, 'node')
  fs.copyFileSync(process.execPath, node)
  execFileSync('strip', ['--strip-all', node])
  const all = {
    'as it is': [process.execPath],
    'a stack of 256 KiB': shell('ulimit -s 256 &&', process.execPath),
    'a stack without a limit': shell('ulimit -s unlimited &&', process.execPath),
    'addresses that are not random': ['setarch', '-R', process.execPath],
    'all of it: jemalloc, not random, 1 MiB of stack': library('libjemalloc.so.2') && ['setarch', '-R', ...shell('ulimit -s 1024 &&', 'env', `LD_PRELOAD=${library('libjemalloc.so.2')}`, process.execPath)],
    jemalloc: preloaded('libjemalloc.so.2'),
    tcmalloc: preloaded('libtcmalloc_minimal.so.4'),
    'its executable stripped': [node],
    'another user\'s': ['setpriv', `--reuid=${STRANGER}`, `--regid=${STRANGER}`, '--clear-groups', process.execPath]
  }
  for (const [name, command] of Object.entries(all)) {
    if (command === undefined) {
      row([name, 'not installed', '', ''])
      continue
    }
    const { dir, remove } = scratchFolder('heapwarden-elsewhere-')
    // Whoever is not root cannot look below root's own folders.
    const program = packageInto(path.join(dir, 'package'))
    const own = path.join(dir, 'node')
    if (command.at(-1) === process.execPath) fs.copyFileSync(process.execPath, own)
    const words = command.map((word) => word === process.execPath ? own : word)
    fs.chmodSync(dir, 0o755)
    const inside = path.join(dir, 'images')
    fs.mkdirSync(inside)
    fs.chownSync(inside, STRANGER, STRANGER)
    const { images } = await threeImages(inside, words, { program })
    const cells = []
    for (const kind of KINDS) cells.push(await cell(() => whole(images[kind], dir)))
    row([name, ...cells])
    remove()
  }
  stripped.remove()
  for (const folder of debian) await ofDebian(folder)
}

/** A process of another system, with other libraries and a node that is a library itself; thawed on this one, from its bundle. */
async function ofDebian (folder) {
  const base = fs.mkdtempSync(path.join(folder, 'tmp', 'heapwarden-'))
  try {
    const inside = base.slice(path.resolve(folder).length)
    packageInto(path.join(base, 'package'))
    const images = path.join(base, 'images')
    fs.mkdirSync(images)
    const enter = ['unshare', '--mount', 'sh', '-c', 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', folder]
    const { stdout: version } = await run(enter[0], [...enter.slice(1), 'node', '--version'])
    const { images: left, stderr } = await threeImages(images, [...enter, 'node'], {
      program: `${inside}/package/__test__/programs/three-images.js`, inside: `${inside}/images`
    })
    const cells = []
    for (const kind of KINDS) {
      cells.push(await cell(async () => {
        if (left[kind] === undefined) throw new Error(`no image: ${stderr.slice(0, 300)}`)
        const bundle = path.join(base, `${kind}.tar`)
        const { status, stderr: said } = await run(enter[0], [...enter.slice(1), 'node', `${inside}/package/bin/heapwarden.js`, 'bundle', `${inside}/images/${path.basename(left[kind])}`, '-o', `${inside}/${kind}.tar`])
        if (status !== 0) throw new Error(said)
        return whole(bundle, base)
      }))
    }
    row([`Debian's nodejs ${version.trim()}, libnode.so`, ...cells])
  } finally {
    fs.rmSync(base, { recursive: true, force: true })
  }
}

/** One process's images, in all the places where they are thawed. */
async function places (node) {
  console.log('\n| thawed | by fork | in place | at its heap limit |\n|---|---|---|---|')
  const { dir, remove } = scratchFolder('heapwarden-elsewhere-')
  const { images } = await threeImages(dir)
  const bare = path.join(dir, 'root')
  fs.mkdirSync(bare)
  fs.chmodSync(dir, 0o755)
  bareRoot(bare, node)
  for (const kind of KINDS) {
    const bundle = path.join(bare, 'work', `${kind}.tar`)
    execFileSync(process.execPath, [CLI, 'bundle', images[kind], '-o', bundle])
    fs.chownSync(bundle, STRANGER, STRANGER)
  }
  // Each runs the command line on what stands for an image, and knows where it may write.
  const here = (...words) => ({
    command: (...more) => run(words[0], [...words.slice(1), process.execPath, CLI, ...more]), image: (kind) => images[kind], out: dir, seen: dir
  })
  const inRoot = (before) => ({
    command: (...more) => inBareRoot(bare, more, before), image: (kind) => `/work/${kind}.tar`, out: '/work', seen: path.join(bare, 'work')
  })
  const all = {
    'where it was': here('env'),
    'a stack of 256 KiB': here(...shell('ulimit -s 256 &&')),
    'a stack without a limit': here(...shell('ulimit -s unlimited &&')),
    'addresses that are not random': here('setarch', '-R'),
    'jemalloc in front': library('libjemalloc.so.2') && here('env', `LD_PRELOAD=${library('libjemalloc.so.2')}`),
    'a root folder that holds its bundle and the package, as another user': inRoot('true'),
    'there, with a stack of 256 KiB': inRoot('ulimit -s 256')
  }
  for (const [name, place] of Object.entries(all)) {
    if (place === undefined) continue
    const { command, image, out, seen } = place
    const right = async (...words) => {
      const { status, stdout, stderr } = await command(...words)
      if (status !== 0) throw new Error(stderr)
      return stdout
    }
    const cells = []
    for (const kind of KINDS) {
      cells.push(await cell(async () => {
        is((await right('ask', image(kind), QUESTION)).trim(), ANSWER)
        const name = `${kind}.heapsnapshot.zst`
        const { nodes } = JSON.parse(await right('thaw', image(kind), '-o', path.join(out, name), '--json'))
        fs.rmSync(path.join(seen, name))
        return `whole, ${nodes} nodes`
      }))
    }
    row([name, ...cells])
  }
  remove()
}

async function main () {
  const { values } = commandLine(USAGE, { options: { 'thaw-with': { type: 'string' }, debian: { type: 'string', multiple: true } } })
  console.log(`${process.version}\n`)
  await origins(values.debian ?? [])
  await places(values['thaw-with'])
  process.exitCode = failed > 0 ? 1 : 0
}

main()

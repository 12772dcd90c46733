'use strict'

// Images of one program, and other places where they are thawed: what holds nothing but a bundle, another user, other limits.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { root, run } = require('./helpers')

const PROGRAM = ['__test__', 'programs', 'three-images.js']
const SESSIONS = 5000
/** Nobody on any system. */
const STRANGER = 65534
/** What of this checkout a program needs that uses the package. */
const PACKAGE = ['package.json', 'index.js', 'lib', 'bin']

/**
 * Runs the program that leaves three images in `dir`, where it may write.
 * @param {string[]} command what starts Node there: words before the program's own
 * @returns {Promise<{ status: number | null, signal: string | null, stdout: string, stderr: string, images: Record<string, string> }>}
 */
async function threeImages (dir, command = [process.execPath], { program = path.join(root, ...PROGRAM), inside = dir, env } = {}) {
  const [file, ...args] = [...command, '--max-old-space-size=40', program, inside]
  const end = await run(file, args, { env })
  const images = fs.readdirSync(dir).filter((name) => name.endsWith('.heapimage.zst')).sort()
  const [fork, inline, limit] = images.map((name) => path.join(dir, name))
  return { ...end, images: { fork, inline, limit } }
}

/** Copies the package into `folder`, as it is installed, and the program beside it. */
function packageInto (folder) {
  for (const name of PACKAGE) fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  fs.mkdirSync(path.join(folder, 'native'), { recursive: true })
  for (const name of ['heapwarden.linux-x64-gnu.node', 'heapwarden-thaw-linux-x64']) {
    fs.copyFileSync(path.join(root, 'native', name), path.join(folder, 'native', name))
  }
  const program = path.join(folder, ...PROGRAM)
  fs.mkdirSync(path.dirname(program), { recursive: true })
  fs.copyFileSync(path.join(root, ...PROGRAM), program)
  return program
}

/** Files that a program is linked with, as its system finds them. */
function librariesOf (file) {
  const told = execFileSync('ldd', [file], { encoding: 'utf8' })
  return [...told.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, one]) => one)
}

/**
 * A root folder that holds the package, a Node to run it, and nothing of the system that an image comes from: the libraries
 * lie in another place, and the executable has another build id, so that all that an image needs has to be in its bundle.
 * `work/` is the stranger's.
 */
function bareRoot (folder, node = process.execPath) {
  const own = path.join(folder, 'node')
  fs.copyFileSync(fs.realpathSync(node), own)
  otherBuild(own)
  packageInto(path.join(folder, 'package'))
  for (const name of ['lib64', 'proc', 'work']) fs.mkdirSync(path.join(folder, name), { recursive: true })
  const addon = path.join(root, 'native', 'heapwarden.linux-x64-gnu.node')
  for (const file of new Set([...librariesOf(own), ...librariesOf(addon)])) {
    fs.copyFileSync(file, path.join(folder, 'lib64', path.basename(file)))
  }
  fs.chownSync(path.join(folder, 'work'), STRANGER, STRANGER)
  fs.chmodSync(folder, 0o755)
}

/** Gives the executable `file` a build id that no image names. */
function otherBuild (file) {
  const bytes = fs.readFileSync(file)
  // A note whose owner is "GNU" and whose kind is 3 (NT_GNU_BUILD_ID), of 20 bytes.
  const at = bytes.indexOf(Buffer.from([4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0]))
  if (at < 0) throw new Error(`${file} has no build id`)
  bytes[at + 16] ^= 0xff
  fs.writeFileSync(file, bytes)
}

/** Runs the command line in such a root, as a stranger, to whom no variable of ours leads anywhere; `before` are words of a shell that come first. */
function inBareRoot (folder, args, before = 'true') {
  const script = `mount -t proc proc "$0/proc" && ${before} && exec env -i LD_LIBRARY_PATH=/lib64 TMPDIR=/work "$(command -v chroot)" --userspec=${STRANGER}:${STRANGER} "$0" /node /package/bin/heapwarden.js "$@"`
  return run('unshare', ['--mount', 'sh', '-c', script, folder, ...args])
}

module.exports = { SESSIONS, STRANGER, bareRoot, inBareRoot, packageInto, threeImages }

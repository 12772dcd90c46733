#!/usr/bin/env node
'use strict'

// Whether the binaries, the addon and the loader of images, are the same wherever they are built: the tree's files, as they are
// now, are built in two folders from nothing, with the versions of the lock files, and the two compared.

const { createHash } = require('node:crypto')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { commandLine } = require('./base/command-line')
const { runInGroup, scratchFolder } = require('./base/undo')
const { NAME: LOADER } = require('./loader')

const USAGE = `usage: node scripts/reproduce.js [--profile NAME]

Two builds from nothing, some minutes each. Exit status 1 if the binaries differ: both are kept then, to be looked
at. With RUSTFLAGS, CARGO_BUILD_RUSTFLAGS or a target's own rustflags they do: paths stay in.

  --profile NAME   another profile of Cargo.toml than release: "oracle" is built sooner`

const root = path.join(__dirname, '..')

/** A copy of what git knows or does not ignore, with this tree's tools. */
function copyTo (folder) {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  for (const file of files.split('\0').filter(Boolean)) {
    if (!fs.existsSync(path.join(root, file))) continue
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    fs.copyFileSync(path.join(root, file), path.join(folder, file))
  }
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
}

/** Where cargo finds the same downloads by another path: whose home it was must not show. */
function anotherHome (folder) {
  const home = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo')
  fs.mkdirSync(folder)
  for (const name of ['config', 'config.toml', 'git', 'registry'].filter((one) => fs.existsSync(path.join(home, one)))) fs.symlinkSync(path.join(home, name), path.join(folder, name))
  return folder
}

async function build (folder, env, profile) {
  const args = ['scripts/build.js', ...profile ? ['--profile', profile] : [], '--', '--locked']
  // Not a folder that all builds share: the second would find the first one's work.
  const { status } = await runInGroup(process.execPath, args, {
    cwd: folder, stdio: 'inherit', env: { ...process.env, ...env, CARGO_TARGET_DIR: path.join(folder, 'target') }
  })
  if (status !== 0) throw new Error(`the build in ${folder} failed`)
  const native = path.join(folder, 'native')
  const names = fs.readdirSync(native).filter((file) => file.endsWith('.node') || file === LOADER).sort()
  return names.map((name) => {
    const bytes = fs.readFileSync(path.join(native, name))
    console.log(`${createHash('sha256').update(bytes).digest('hex')}  ${name}, ${bytes.length} bytes, built in ${folder}`)
    return { name, bytes }
  })
}

/** Keeps both where the scratch folder's end does not reach. */
function keep (binaries) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-differ-'))
  binaries.forEach((built, index) => built.forEach(({ name, bytes }) => fs.writeFileSync(path.join(folder, `${index + 1}-${name}`), bytes)))
  return folder
}

async function main () {
  const { values: { profile } } = commandLine(USAGE, { options: { profile: { type: 'string' } } })
  const { dir } = scratchFolder('heapwarden-reproduce-')
  const folders = [path.join(dir, 'one'), path.join(dir, 'another', 'and deeper')]
  // Both now: somebody may go on working in this tree.
  folders.forEach(copyTo)
  const first = await build(folders[0], {}, profile)
  const second = await build(folders[1], { CARGO_HOME: anotherHome(path.join(dir, 'home')) }, profile)
  const same = first.length === second.length && first.every(({ bytes }, index) => bytes.equals(second[index].bytes))
  if (same) return console.log('The binaries are the same.')
  console.error(`The binaries differ: ${keep([first, second])}`)
  process.exitCode = 1
}

main()

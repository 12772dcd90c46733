'use strict'

// npm runs `prepare` for `npm install` in a source tree and before packing, never for somebody who installs
// the packed module: that one carries its binary. So this is where a clone gets built.

const { spawnSync } = require('node:child_process')
const { existsSync, readdirSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')

/** Whether the Rust sources are here: the published package has none and has nothing to build. */
function isSourceTree () {
  return existsSync(join(root, 'Cargo.toml')) && existsSync(join(root, 'src', 'lib.rs'))
}

/** Whether `command --version` runs at all. */
function has (command) {
  const { error, status } = spawnSync(command, ['--version'], { stdio: 'ignore' })
  return !error && status === 0
}

function builtBinary () {
  const folder = join(root, 'native')
  return existsSync(folder) && readdirSync(folder).find((name) => name.endsWith('.node'))
}

function main () {
  if (!isSourceTree()) return 0
  // `npm install --omit=dev` in a clone leaves the build tool out; a binary built before still serves.
  const cli = join(root, 'node_modules', '@napi-rs', 'cli', 'package.json')
  const missing = []
  if (!has('cargo')) missing.push('cargo (Rust 1.88 or newer, https://rustup.rs)')
  if (!has('cc')) missing.push('a C compiler called cc (Debian and Ubuntu: apt-get install build-essential)')
  if (!existsSync(cli)) missing.push('@napi-rs/cli (a devDependency: npm install without --omit=dev)')
  if (missing.length > 0) {
    const list = missing.map((what) => `  - ${what}`).join('\n')
    const built = builtBinary()
    if (built) {
      console.error(`heapwarden: keeping native/${built}; to build it anew this is missing:\n${list}`)
      return 0
    }
    console.error(`heapwarden: this is a source tree, and its native part cannot be built. Missing:\n${list}\n` +
      'Install that and run npm install again.')
    return 1
  }
  if (!builtBinary()) console.error('heapwarden: building the native part (the first time takes a minute or two)')
  const { status, signal } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  })
  if (signal) console.error(`heapwarden: the build was ended by ${signal}`)
  return status ?? 1
}

process.exitCode = main()

'use strict'

// Builds the loader of heap images (thaw/), a static program without a libc, into native/. It is for Linux on x64, as images
// are: elsewhere there is nothing to build. Arguments go to cargo.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const NAME = 'heapwarden-thaw-linux-x64'

/** cargo's exit status. */
function buildLoader (ofCargo = []) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 0
  const target = path.join(root, 'thaw', 'target')
  const args = ['build', '--release', '--locked', '--quiet', '--target-dir', target, '--manifest-path', path.join(root, 'thaw', 'Cargo.toml'), ...ofCargo]
  const { status, error } = spawnSync('cargo', args, { cwd: root, stdio: 'inherit' })
  if (error) console.error(error.message)
  if (status !== 0) return status ?? 1
  const folder = path.join(root, 'native')
  fs.mkdirSync(folder, { recursive: true })
  // Somebody may be running the old one.
  const fresh = path.join(folder, `.${NAME}.${process.pid}`)
  fs.copyFileSync(path.join(target, 'release', 'heapwarden-thaw'), fresh)
  fs.chmodSync(fresh, 0o755)
  fs.renameSync(fresh, path.join(folder, NAME))
  return 0
}

module.exports = { buildLoader, NAME }

if (require.main === module) process.exitCode = buildLoader(process.argv.slice(2))

'use strict'

// Real packages for programs, in exactly the versions that a row names: installed once, into a folder that tells which they are. The program is
// copied beside them, so that both require() and import find them as they do in a team's project.

const { execFile } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')

const INSTALL_MS = 240_000

/** `@scope/name` and version as one word of a folder's name. */
const word = ([name, version]) => `${name}@${version}`.replaceAll('/', '+')

/** Put together under another name and then renamed: two that install the same at once do not meet. */
async function installed (packages, modules) {
  const wanted = Object.entries(packages).sort()
  const folder = path.join(modules, wanted.map(word).join(','))
  if (fs.existsSync(folder)) return folder
  fs.mkdirSync(modules, { recursive: true })
  const temporary = fs.mkdtempSync(path.join(modules, '.install-'))
  try {
    fs.writeFileSync(path.join(temporary, 'package.json'), JSON.stringify({ name: 'server', private: true, dependencies: packages }))
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
    await promisify(execFile)('npm', args, { cwd: temporary, timeout: INSTALL_MS })
    fs.renameSync(temporary, folder)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true })
  }
  return folder
}

/** Copies a program, a file or the folder of its server, under a name of its own first: another run may be reading the one that is there. */
function copy (file, folder) {
  const whole = /^server\.m?js$/.test(path.basename(file))
  const from = whole ? path.dirname(file) : file
  const to = path.join(folder, path.basename(from))
  if (whole) {
    fs.cpSync(from, to, { recursive: true })
    return path.join(to, path.basename(file))
  }
  const temporary = path.join(folder, `.${process.pid}-${path.basename(from)}`)
  fs.copyFileSync(from, temporary)
  fs.renameSync(temporary, to)
  return to
}

/** @returns the file to run: the program itself, or where it needs packages its copy beside them */
async function withPackages (file, packages, modules) {
  return packages ? copy(file, await installed(packages, modules)) : file
}

module.exports = { withPackages }

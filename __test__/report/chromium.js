'use strict'

// Debian's Chromium, without a window.

const { execFileSync } = require('node:child_process')
const { existsSync, readFileSync } = require('node:fs')
const { delimiter, join } = require('node:path')
const { dependencies } = require('./package.json')

const DEADLINE_MS = 30_000

const installed = (name) => {
  const file = join(__dirname, 'node_modules', name, 'package.json')
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === dependencies[name]
}

/** A driver without a browser of its own, the checker, renderers of Markdown: only these tests need them. */
function install () {
  if (Object.keys(dependencies).every(installed)) return
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: __dirname, stdio: ['ignore', 'ignore', 'inherit'], timeout: 180_000 })
}

function chromium () {
  const places = process.env.PATH.split(delimiter).flatMap((place) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(place, name)))
  const found = places.find(existsSync)
  if (!found) throw new Error('These tests look at the page in Chromium, and there is none (Debian: apt-get install chromium)')
  return found
}

/** The browser, for who closes it. */
function launch () {
  install()
  return require('playwright-core').chromium.launch({
    executablePath: chromium(),
    // Chromium's sandbox wants not to be root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    timeout: DEADLINE_MS
  })
}

module.exports = { DEADLINE_MS, launch }

'use strict'

// Debian's Chromium, without a window, for pages that are opened from disk.

const { execFileSync } = require('node:child_process')
const { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { delimiter, join } = require('node:path')
const { after, before } = require('node:test')
const { pathToFileURL } = require('node:url')
const { render } = require('../../lib/report/html')
const { dependencies } = require('./package.json')

const folder = mkdtempSync(join(tmpdir(), 'heapwarden-report-'))
const DEADLINE_MS = 30_000
let browser

const installed = (name) => {
  const file = join(__dirname, 'node_modules', name, 'package.json')
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === dependencies[name]
}

/** A driver without a browser of its own, and the checker: only these tests need them. */
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

before(async () => {
  install()
  browser = await require('playwright-core').chromium.launch({
    executablePath: chromium(),
    // Chromium's sandbox wants not to be root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    timeout: DEADLINE_MS
  })
})

after(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

/**
 * Opens a report from disk.
 * @param {object} found what `render` takes
 * @param {{ width?: number, theme?: 'light'|'dark', scripts?: boolean }} [how]
 * @returns {Promise<{ page: object, seen: { errors: string[], requests: string[], dialogs: string[] } }>}
 */
async function open (found, { width = 1440, theme = 'light', scripts = true } = {}) {
  const file = join(folder, 'report.html')
  writeFileSync(file, render(found))
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: theme, javaScriptEnabled: scripts, reducedMotion: 'reduce' })
  page.setDefaultTimeout(DEADLINE_MS)
  const seen = { errors: [], requests: [], dialogs: [] }
  const url = pathToFileURL(file).href
  page.on('console', (message) => seen.errors.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => seen.errors.push(String(error.stack)))
  page.on('request', (request) => { if (request.url() !== url) seen.requests.push(request.url()) })
  page.on('dialog', (dialog) => { seen.dialogs.push(dialog.message()); dialog.dismiss() })
  await page.goto(url)
  if (scripts) await page.waitForSelector('html[data-ready]')
  return { page, seen }
}

/** What axe-core finds wrong, a line each. */
async function accessibility (page) {
  await page.evaluate(readFileSync(join(__dirname, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8'))
  const { violations } = await page.evaluate(() => globalThis.axe.run(document))
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`))
}

module.exports = { accessibility, open }

'use strict'

// Reports in a browser, opened from disk, for tests.

const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, before } = require('node:test')
const { pathToFileURL } = require('node:url')
const { render } = require('../../lib/report/html')
const { DEADLINE_MS, launch } = require('./chromium')

const folder = mkdtempSync(join(tmpdir(), 'heapwarden-report-'))
let browser

before(async () => { browser = await launch() })

after(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

/**
 * Opens a page from disk.
 * @param {string} file
 * @param {{ width?: number, theme?: 'light'|'dark', scripts?: boolean }} [how]
 * @returns {Promise<{ page: object, seen: { errors: string[], requests: string[], dialogs: string[] } }>}
 */
async function visit (file, { width = 1440, theme = 'light', scripts = true } = {}) {
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

/** Opens the page of `found`, which is what `render` takes. */
function open (found, how) {
  const file = join(folder, 'report.html')
  writeFileSync(file, render(found))
  return visit(file, how)
}

/** What axe-core finds wrong, a line each. */
async function accessibility (page) {
  await page.evaluate(readFileSync(join(__dirname, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8'))
  const { violations } = await page.evaluate(() => globalThis.axe.run(document))
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`))
}

module.exports = { accessibility, open, visit }

'use strict'

// The page of a large snapshot: how large it is, and how soon a reader can use it, in Chromium without a window.

const { mkdtempSync, readFileSync, rmSync, statSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { launch } = require('../__test__/report/chromium')
const { median, program } = require('./lib/measure')
const { measure } = require('./lib/rivals')

const heapwarden = join(__dirname, '..', 'bin', 'heapwarden.js')
const SESSIONS = { quick: 4_000, full: 42_000 }

/** Opens it and zooms once: milliseconds until all is there and hears, and until the zoom is painted. */
async function open (browser, file) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  try {
    await page.goto(pathToFileURL(file).href)
    await page.waitForSelector('html[data-ready]')
    return await page.evaluate(async () => {
      const painted = () => new Promise((resolve) => globalThis.requestAnimationFrame(() => setTimeout(resolve)))
      const { domInteractive, loadEventEnd } = performance.getEntriesByType('navigation')[0]
      const begin = performance.now()
      globalThis.document.querySelector('.cell:nth-child(2)').click()
      await painted()
      return { ready: Math.max(domInteractive, loadEventEnd), zoom: performance.now() - begin }
    })
  } finally {
    await page.close()
  }
}

async function run ({ rounds, quick, note }) {
  const dir = mkdtempSync(join(tmpdir(), 'heapwarden-bench-'))
  let browser
  try {
    const snapshot = join(dir, 'base.heapsnapshot')
    const html = join(dir, 'report.html')
    await program('big-heap', { sessions: quick ? SESSIONS.quick : SESSIONS.full, path: snapshot }, ['--max-old-space-size=4000'])
    const summary = await measure(process.execPath, [heapwarden, 'summary', snapshot, '--json'])
    const report = await measure(process.execPath, [heapwarden, 'report', snapshot, '-o', html, '--json'])
    if (Number.isNaN(report.ms)) throw new Error(`the report failed: ${report.stderr}`)
    const json = statSync(snapshot).size
    note(`${(json / 1e6).toFixed(0)} MB of JSON; report ${(report.ms / 1000).toFixed(2)} s, peak rss ${(report.rss / 1e6).toFixed(0)} MB`)
    browser = await launch()
    const opened = []
    for (let round = 0; round < rounds; round++) opened.push(await open(browser, html))
    return [
      { what: 'size of the page', value: readFileSync(html).length / 1e6, unit: 'MB', atMost: 3 },
      { what: 'until it can be used', value: median(opened.map(({ ready }) => ready)) / 1000, unit: 's', atMost: 1 },
      { what: 'until a zoom is painted', value: median(opened.map(({ zoom }) => zoom)) / 1000, unit: 's' },
      { what: 'time, report / summary', value: report.ms / summary.ms, unit: '×' },
      { what: 'peak rss / JSON, report', value: report.rss / json, unit: '×' }
    ]
  } finally {
    await browser?.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

module.exports = { name: 'report', title: 'the page of a large snapshot', run }

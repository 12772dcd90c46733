'use strict'

// The page in a browser, as its reader has it: opened from disk, at three widths, light and dark; used by mouse and by keyboard.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { accessibility, open } = require('./browser')
const large = require('./fixtures/large')
const leak = require('./fixtures/leak')
const none = require('./fixtures/none')
const hostile = require('./fixtures/hostile')

const QUIET = { errors: [], requests: [], dialogs: [] }
/** What a reader sees of prose. */
const plain = (text) => text.replaceAll('`', '')
const texts = (page, selector) => page.locator(selector).allTextContents()

const looks = [
  ...[360, 820, 1440].flatMap((width) => ['light', 'dark'].map((theme) => ['leak', leak, width, theme])),
  ...Object.entries({ large, none, hostile }).flatMap(([name, found]) => [[name, found, 360, 'dark'], [name, found, 1440, 'light']])
]

for (const [name, found, width, theme] of looks) {
  test(`${name}, ${width} wide, ${theme}: nothing to complain of, asks no network, fits, and axe finds nothing`, async () => {
    const { page, seen } = await open(found, { width, theme })
    assert.deepEqual(await accessibility(page), [])
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(wider <= 0, `${wider} pixels wider than the window`)
    const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((part) => part < 128))
    assert.equal(dark, theme === 'dark')
    assert.deepEqual(seen, QUIET)
    await page.close()
  })
}

test('the verdict comes first, then the suspects in prose, then what there is to look at', async () => {
  const { page } = await open(leak)
  const { headline, suspects } = leak.report
  assert.deepEqual(await texts(page, 'h1'), [plain(headline)])
  assert.deepEqual(await texts(page, 'h1 code'), ['cache'])
  assert.match(await page.title(), /61 % of the heap/)
  assert.deepEqual(await texts(page, 'h3'), suspects.map(({ title }) => plain(title)))
  const order = await page.evaluate(() => ['verdict', 'suspect-1', 'suspect-2', 'growth', 'map', 'classes', 'strings'].map((id) => document.getElementById(id).getBoundingClientRect().top))
  assert.deepEqual(order, order.toSorted((a, b) => a - b))
  for (const [index, { explanation, cure, fingerprint, pathText }] of suspects.entries()) {
    const said = await page.locator(`#suspect-${index + 1}`).innerText()
    for (const text of [explanation, cure, fingerprint, pathText]) assert.ok(said.includes(plain(text)), text)
  }
  assert.equal(await page.locator('#suspect-2 .known a').getAttribute('href'), suspects[1].known.url)
  assert.deepEqual(await texts(page, '#suspect-1 .path .name'), ['global', 'Server', '{request}', 'handle()', 'cache Map', '48,213 × {url, body}'])
  assert.equal(await page.locator('#suspect-1 .path .gap').textContent(), '… 2 more …')
  await page.locator('#suspect-1 .steps summary').click()
  assert.equal(await page.locator('#suspect-1 .steps li:visible').count(), 8)
  assert.deepEqual((await texts(page, '#suspect-1 .path .via')).slice(-2), ['captures variable cache', 'holds'])
  const drawn = await page.evaluate(() => [...document.querySelectorAll('.plot canvas')].filter((one) => one.width > 100).length)
  assert.equal(drawn, 5, 'two charts of each suspect, one of the heap')
  await page.close()
})

const zoomedTo = (page) => page.locator('.crumbs [aria-current]').textContent()
const selected = (page) => page.locator('.cell[aria-selected="true"]').getAttribute('title')

test('the map zooms by click, and walks by keys', async () => {
  const { page, seen } = await open(leak)
  assert.equal(await zoomedTo(page), 'the whole heap')
  const width = (name) => page.locator('.cell', { has: page.locator('.title', { hasText: name }) }).first().evaluate((one) => one.getBoundingClientRect().width)
  const before = await width('shutdown: AbortController')
  await page.locator('.cell .title', { hasText: 'shutdown: AbortController' }).click()
  assert.equal(await zoomedTo(page), 'shutdown: AbortController')
  assert.ok(await width('shutdown: AbortController') > 4 * before)
  assert.match(await page.locator('.facts-of').innerText(), /Held as\s+variable shutdown\s[^]*8\.2 MB, 10 % of the heap/)

  await page.keyboard.press('Escape')
  assert.equal(await zoomedTo(page), 'captured variables')
  await page.locator('.cell[aria-selected="true"]').focus()
  await page.keyboard.press('ArrowDown')
  assert.match(await selected(page), /^cache: Map, 47\.8 MB, 61 % of the heap, suspect 1$/)
  await page.keyboard.press('ArrowRight')
  assert.match(await selected(page), /^shutdown: AbortController/)
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Enter')
  assert.equal(await zoomedTo(page), 'cache: Map')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  assert.match(await selected(page), /^\{url, body\}, 100\.0 kB/)
  // Beyond what the view shows, it follows.
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowUp')
  assert.equal(await selected(page), 'global, 74.1 MB, 95 % of the heap')
  assert.ok(await page.evaluate(() => document.activeElement.getAttribute('aria-selected') === 'true'), 'and so does the focus')
  await page.keyboard.press('Home')
  assert.match(await selected(page), /^the whole heap/)
  await page.getByRole('button', { name: 'Whole heap' }).click()
  assert.equal(await zoomedTo(page), 'the whole heap')
  assert.deepEqual(seen, QUIET)
  await page.close()
})

test('the map is searched', async () => {
  const { page, seen } = await open(leak)
  const search = page.locator('#map-search')
  await search.fill('listen')
  assert.equal(await page.locator('#map .tools .said').textContent(), '1 match, together 7.9 MB (10 %)')
  assert.equal(await page.locator('.cell.hit').count(), 1)
  assert.ok(await page.locator('.cell.dim').count() > 5)
  await search.press('Enter')
  assert.match(await selected(page), /^Listener × 11,020, each holds the next/)
  await search.fill('views.js')
  assert.match(await page.locator('#map .tools .said').textContent(), /^1 match/)
  await search.fill('product')
  assert.match(await page.locator('#map .tools .said').textContent(), /^41 matches, together 6\.4 MB/)
  await page.getByRole('button', { name: 'Next match' }).click()
  await page.getByRole('button', { name: 'Next match' }).click()
  assert.equal(await page.locator('#map .tools .said').textContent(), 'Match 2 of 41')
  assert.match(await selected(page), /^\[0\]: Product/)
  await search.fill('is not there')
  assert.equal(await page.locator('#map .tools .said').textContent(), 'Nothing is called that.')
  await search.press('Escape')
  assert.equal(await page.locator('.cell.dim').count(), 0)

  await page.locator('#suspect-2').getByRole('button', { name: 'Show on the map' }).click()
  assert.match(await selected(page), /^AbortSignal, .*, suspect 2$/)
  assert.ok(await page.locator('.cell[aria-selected="true"]').evaluate((one) => one.getBoundingClientRect().top < window.innerHeight))
  assert.deepEqual(seen, QUIET)
  await page.close()
})

test('tables are sorted by their heads and filtered', async () => {
  const { page, seen } = await open(leak)
  const first = () => page.locator('#classes tbody tr').first().locator('td').first().textContent()
  assert.equal(await first(), 'Map')
  await page.locator('#classes').getByRole('button', { name: 'Objects' }).click()
  assert.equal(await first(), '(string)')
  assert.equal(await page.locator('#classes th').nth(1).getAttribute('aria-sort'), 'descending')
  await page.locator('#classes').getByRole('button', { name: 'Objects' }).click()
  assert.equal(await first(), 'Model59')
  assert.equal(await page.locator('#classes tbody tr').count(), 20)
  await page.locator('#classes').getByRole('button', { name: 'Show all 64' }).click()
  assert.equal(await page.locator('#classes tbody tr').count(), 64)
  await page.locator('#classes-filter').fill('model5')
  assert.equal(await page.locator('#classes .tools .said').textContent(), '11 rows of 64')
  assert.match(await page.locator('#classes').innerText(), /648 smaller classes are not in this file/)
  await page.locator('#strings-filter').fill('json')
  assert.deepEqual(await texts(page, '#strings tbody td:first-child'), ['"application/json; charset=utf-8"'])
  assert.deepEqual(seen, QUIET)
  await page.close()
})

test('light and dark by the switch; on paper light and without what nobody can press there', async () => {
  const { page, seen } = await open(leak, { theme: 'dark' })
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const dark = await paper()
  await page.getByRole('button', { name: 'Light colours' }).click()
  assert.notEqual(await paper(), dark)
  assert.deepEqual(await accessibility(page), [])
  await page.getByRole('button', { name: 'Dark colours' }).click()
  assert.equal(await paper(), dark)
  const pdf = await page.pdf({ format: 'A4' })
  assert.ok(pdf.length > 20_000)
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')))
  await page.emulateMedia({ media: 'print' })
  assert.equal(await paper(), 'rgb(255, 255, 255)')
  assert.equal(await page.locator('#theme').isVisible(), false)
  assert.equal(await page.locator('#map-search').isVisible(), false)
  assert.deepEqual(seen, QUIET)
  await page.close()
})

test('without JavaScript there is still what was found', async () => {
  const { page } = await open(leak, { scripts: false })
  const said = await page.locator('body').innerText()
  for (const { title, explanation, cure, pathText, fingerprint } of leak.report.suspects) {
    for (const text of [title, explanation, cure, pathText, fingerprint]) assert.ok(said.includes(text), text)
  }
  await page.close()
})

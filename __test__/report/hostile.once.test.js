'use strict'

// A heap whose names, keys, strings and paths are script tags, links, terminal escapes and marks of direction is text in the page.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { open } = require('./browser')
const { EVIL, ...hostile } = require('./fixtures/hostile')

/** What the page is made of. */
const ELEMENTS = ['A', 'ARTICLE', 'ASIDE', 'BODY', 'BUTTON', 'CANVAS', 'CAPTION', 'CODE', 'DD', 'DETAILS', 'DIV', 'DL', 'DT', 'FIGCAPTION', 'FIGURE', 'FOOTER', 'H1', 'H2', 'H3', 'H4', 'HEADER',
  'INPUT', 'LABEL', 'LI', 'MAIN', 'NAV', 'OL', 'P', 'SECTION', 'SMALL', 'SPAN', 'STRONG', 'SUMMARY', 'TABLE', 'TBODY', 'TD', 'TH', 'THEAD', 'TR', 'UL']

for (const scripts of [true, false]) {
  test(`nothing of it is anything but text, JavaScript ${scripts ? 'on' : 'off'}`, async () => {
    const { page, seen } = await open(hostile, { scripts })
    if (scripts) {
      // What is hidden at first, too.
      while (await page.locator('button.more:visible').count() > 0) await page.locator('button.more:visible').first().click()
      await page.locator('#map-search').fill('script')
      await page.locator('#map-search').press('Enter')
      for (const summary of await page.locator('summary').all()) await summary.click()
    }
    const found = await page.evaluate(() => ({
      elements: [...new Set([...document.body.querySelectorAll('*')].map((one) => one.tagName))],
      handlers: [...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames().filter((name) => /^on|^style$|^src/.test(name) && !one.closest('.plot'))),
      links: [...document.links].map((link) => link.protocol),
      scripts: document.scripts.length,
      pwned: window.pwned,
      text: document.body.innerText + [...document.querySelectorAll('[title], [aria-label]')].map((one) => one.title + one.getAttribute('aria-label')).join('\n') + document.title
    }))
    assert.deepEqual(found.elements.filter((name) => !ELEMENTS.includes(name) && (scripts || !['NOSCRIPT', 'SCRIPT'].includes(name))), [])
    assert.deepEqual(found.handlers.filter((name) => name !== 'style'), [])
    assert.ok(found.links.every((protocol) => ['file:', 'https:'].includes(protocol)), found.links.join())
    assert.equal(found.pwned, undefined)
    assert.doesNotMatch(found.text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/) // eslint-disable-line no-control-regex
    for (const one of EVIL.slice(0, 6)) assert.ok(found.text.includes(one), `${one} is shown as it is`)
    assert.ok(found.text.includes('user\\u202egnp.exe') && found.text.includes('\\u001b[31mred'))
    assert.deepEqual(seen, { errors: [], requests: [], dialogs: [] })
    await page.close()
  })
}

test('were something to get in, the page\'s policy would not let it run or tell', async () => {
  const { page, seen } = await open(hostile)
  const done = await page.evaluate(async () => {
    const script = document.createElement('script')
    script.textContent = 'window.ran = 1'
    document.body.append(script)
    const div = document.createElement('div')
    div.innerHTML = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" onerror="window.ran = 2"><b onclick="window.ran = 3">x</b><style>body { display: none }</style>'
    document.body.append(div)
    div.querySelector('b').click()
    const told = await fetch('https://127.0.0.1:9/').then(() => true, () => false)
    return { ran: window.ran, told, shown: getComputedStyle(document.body).display }
  })
  assert.deepEqual(done, { ran: undefined, told: false, shown: 'block' })
  assert.ok(seen.errors.length >= 4 && seen.errors.every((error) => /Content Security Policy/.test(error)), seen.errors.join('\n'))
  assert.deepEqual(seen.dialogs, [])
  await page.close()
})

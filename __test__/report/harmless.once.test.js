'use strict'

// From a program whose names would do harm to what people read: nothing of them is anything but text in the page, in a ticket that a
// renderer of Markdown has made HTML of, and on a terminal.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const analysis = require('../../lib/analysis')
const { MOST } = require('../../lib/cli/suspects/fitting')
const { printable } = require('../../lib/base/printable')
const { heapwarden } = require('../support/cli')
const { finish } = require('../support/programs')
const { visit } = require('./browser')

/** Short enough that none is cut. Of a file's name the last part is shown: some have no slash. */
const NAMES = [
  '<script>pwned(1)</script>', '<img src=x onerror=pwned(2)>', '[a](javascript:pwned(3))', '![b](http://127.0.0.1:9/i)', '</title></noscript><svg onload=1>',
  '``` `c`|d**e**_f_<b>', '\u001b[31m\u0007\u009b2J', '\u202eexe.\u0000\u2066', '\r\n# h\n- x'
]
const LONG = 'long '.repeat(2000)
/** A snapshot may be called so, too. */
const FILE = '<b>`[x](y:z)\u001b[2J.heapsnapshot.zst'

/** What drives a terminal, forges lines or turns words round. */
const WILD = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/ // eslint-disable-line no-control-regex

let dir
let files
let found
before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-test-'))
  const lines = await finish('hostile', [dir, JSON.stringify([...NAMES, LONG])], { flags: ['--expose-gc'] })
  const [first, second] = lines.map((line) => line.path)
  files = [first, path.join(dir, FILE)]
  fs.renameSync(second, files[1])
  found = await analysis.report(files, {})
  found.all = await analysis.suspects(files, { top: 32 })
})
after(() => fs.rmSync(dir, { recursive: true, force: true }))

const numbered = (text) => text.replace(/[\u0000-\u001f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) // eslint-disable-line no-control-regex

/** As it is, or between quotes, or with what is wild in it by its number. V8 has blanks for NUL. */
function has (text, given) {
  const name = given.replaceAll('\0', ' ')
  return [name, JSON.stringify(name).slice(1, -1), numbered(name)].some((one) => text.includes(one) || text.includes(printable(one)))
}

test('each name is in all that is told: or else nothing here says anything', () => {
  const { all: { suspects, verdict }, summary, tree } = found
  assert.equal(verdict, 'leak')
  const told = {
    titles: suspects.map(({ title }) => title),
    paths: suspects.map(({ pathText }) => pathText),
    steps: suspects.flatMap((one) => one.path.flatMap(({ edge, node }) => [edge, node.name, node.className])),
    entries: suspects.map(({ entry }) => entry?.looksLike ?? ''),
    keys: suspects.flatMap(({ keys }) => keys?.examples ?? []),
    holders: suspects.flatMap(({ holderTexts }) => holderTexts),
    'names of holders': suspects.map(({ holder }) => holder.name),
    'classes of entries': suspects.map(({ className }) => className),
    classes: summary.classes.map(({ name }) => name),
    'duplicate strings': summary.duplicateStrings.map(({ text }) => text),
    map: tree.flatMap(({ name, edge = '' }) => [name, edge])
  }
  for (const [what, texts] of Object.entries(told)) {
    for (const name of NAMES) assert.ok(texts.some((text) => has(text, name)), `${what}: ${JSON.stringify(name)}`)
  }
  const places = suspects.map(({ holder }) => holder.file ?? '')
  for (const name of NAMES.filter((name) => !name.includes('/'))) assert.ok(places.some((file) => has(file, name)), `files: ${JSON.stringify(name)}`)
  assert.ok(Object.values(told).every((texts) => texts.some((text) => text.includes('long long'))))
})

for (const scripts of [true, false]) {
  test(`the page runs nothing, asks for nothing and has no element of theirs, JavaScript ${scripts ? 'on' : 'off'}`, async () => {
    const to = path.join(dir, 'report.html')
    const { status, stdout, stderr } = await heapwarden(['report', ...files, '-o', to])
    assert.deepEqual([status, stderr], [0, ''])
    assert.doesNotMatch(stdout, WILD)
    const { page, seen } = await visit(to, { scripts })
    if (scripts) {
      while (await page.locator('button.more:visible').count() > 0) await page.locator('button.more:visible').first().click()
      for (const summary of await page.locator('summary').all()) await summary.click()
    }
    const shown = await page.evaluate(() => ({
      foreign: [...document.body.querySelectorAll('script:not([id=data]), img, svg, b, iframe, object, style, template')].map((one) => one.outerHTML.slice(0, 200)),
      handlers: [...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames().filter((name) => /^on|^src/.test(name))),
      links: [...document.links].map((link) => link.getAttribute('href')),
      text: [document.title, document.body.textContent, ...[...document.querySelectorAll('[title], [aria-label]')].flatMap((one) => [one.title, one.getAttribute('aria-label')])].join('\n')
    }))
    // The page's own stands at the end of it, where scripts do not run.
    assert.deepEqual(shown.foreign.filter((html) => scripts || !html.startsWith('<script>/*')), [])
    assert.deepEqual(shown.handlers, [])
    assert.deepEqual(shown.links.filter((href) => !href.startsWith('#')), [])
    if (scripts) for (const name of NAMES) assert.ok(has(shown.text, name), JSON.stringify(name))
    if (scripts) assert.doesNotMatch(shown.text, WILD)
    else assert.ok(shown.text.includes(found.report.suspects[0].title))
    assert.deepEqual(seen, { errors: [], requests: [], dialogs: [] })
    await page.close()
  })
}

/** What the ticket is made of. */
const ELEMENTS = ['code', 'h2', 'h3', 'li', 'p', 'strong', 'ul']
const unescaped = (html) => html.replace(/&(lt|gt|quot|amp|#39);/g, (_, name) => ({ lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" })[name])

for (const name of ['markdown-it', 'marked']) {
  test(`a ticket: ${name} makes no link, picture or element of theirs`, async () => {
    const { stdout: ticket, stderr } = await heapwarden(['suspects', ...files, '--markdown', '--top', '32', '--full'])
    assert.equal(stderr, '')
    assert.doesNotMatch(ticket, WILD)
    const { default: renderer, marked } = await import(name)
    const html = name === 'marked' ? marked.parse(ticket) : renderer({ html: true, linkify: true }).render(ticket)
    const tags = [...html.matchAll(/<(?:\/?([a-z][a-z0-9]*)([^>]*)>|[^\n]{0,60})/gi)]
    assert.deepEqual(tags.filter(([, tag, rest]) => !ELEMENTS.includes(tag) || rest !== '').map(([whole]) => whole), [])
    const count = (tag) => tags.filter(([whole]) => whole === `<${tag}>`).length
    const { suspects } = found.all
    assert.deepEqual([count('h2'), count('h3'), count('strong')], [1, suspects.length, suspects.length])
    const text = unescaped(html.replace(/<\/?[a-z0-9]+>/g, ''))
    for (const one of NAMES) assert.ok(has(text, one), JSON.stringify(one))
    const short = await heapwarden(['suspects', ...files, '--markdown', '--top', '32'])
    assert.ok(short.stdout.length < MOST && !WILD.test(short.stdout))
  })
}

test('a terminal: nothing that drives it, in no answer', async () => {
  const before = path.join(dir, 'before.json')
  fs.writeFileSync(before, (await heapwarden(['suspects', ...files, '--json'])).stdout)
  for (const args of [
    ['suspects', ...files], ['suspects', ...files, '--full', '--top', '32'], ['suspects', ...files, '--json', '--full'], ['verify', before, ...files], ['verify', before, ...files, '--json'],
    ['report', ...files, '-o', path.join(dir, `${FILE}.html`), '--json'], ['summary', files[1], '--wide', '--top', '100'], ['diff', ...files, '--wide'], ['paths', files[1], '--class', NAMES[6], '--wide'],
    ['suspects', path.join(dir, `none ${FILE}`)], ['report', files[1], '-o', path.join(dir, 'none', FILE)]
  ]) {
    const { status, stdout, stderr } = await heapwarden(args)
    assert.notEqual(status, 2, stderr)
    assert.ok(stdout + stderr !== '')
    for (const text of [stdout, stderr]) assert.doesNotMatch(text, WILD, args.slice(0, 1).join())
    if (!args.includes('--full') && /suspects|verify/.test(args[0])) assert.ok(stdout.length < MOST)
    if (args.includes('--json')) JSON.parse(stdout)
  }
})

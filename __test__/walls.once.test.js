'use strict'

// Who may require whom in lib/, as tests/walls.rs has it for src/: rooms by what each room's README.md allows, files without a
// circle. A require that waits for a call counts as one at the top does.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { root } = require('./support/helpers')

/** Files at the top of lib/ and the package's own: what users' paths point at. Nothing inside may need them. */
const FACE = 'the face'

const files = ['index.js', 'bin/heapwarden.js', ...fs.readdirSync(path.join(root, 'lib'), { recursive: true })
  .filter((file) => file.endsWith('.js')).map((file) => `lib/${file}`)].sort()

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8')
const roomOf = (file) => /^lib\/([^/]+)\//.exec(file)?.[1] ?? FACE
const rooms = [...new Set(files.map(roomOf))].filter((room) => room !== FACE)
const readme = (room) => read(`lib/${room}/README.md`)

/** The file that `specifier` means in `from`, as require() finds it; undefined: nothing of ours, as package.json is. */
function target (from, specifier) {
  const place = path.posix.join(path.posix.dirname(from), specifier)
  return [place, `${place}.js`, path.posix.join(place, 'index.js')].find((one) => files.includes(one))
}

/** Files that `from` requires. One that is named only when it is called (`./${name}`) may be any beside it. */
function required (from) {
  const code = read(from).replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
  const named = [...code.matchAll(/require\('(\.[^']*)'\)/g)].map(([, specifier]) => target(from, specifier)).filter(Boolean)
  const beside = /require\(`\.\/\$\{/.test(code) ? files.filter((one) => one !== from && path.posix.dirname(one) === path.posix.dirname(from)) : []
  return [...new Set([...named, ...beside])]
}

const arrows = new Map(files.map((file) => [file, required(file)]))

/** `May require: [base](../base), [addon](../addon).` */
function allowed (room) {
  const [, line] = /^May require: (.*)$/m.exec(readme(room)) ?? []
  assert.ok(line, `lib/${room}/README.md has no line "May require: …"`)
  return [...line.matchAll(/\[([^\]]+)\]/g)].map(([, name]) => name)
}

/** The first circle that a walk along `next` meets, as names from its first back to it. */
function circle (nodes, next) {
  const done = new Set()
  const walk = (node, way) => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node]
    if (done.has(node)) return undefined
    for (const one of next(node)) {
      const found = walk(one, [...way, node])
      if (found) return found
    }
    done.add(node)
  }
  for (const node of nodes) {
    const found = walk(node, [])
    if (found) return found
  }
}

test('the arrows are found: what is known to be required is', () => {
  assert.ok(arrows.get('lib/monitor/monitor.js').includes('lib/addon/native.js'))
  assert.ok(arrows.get('lib/watch.js').includes('lib/middleware.js'), 'one that waits for a call')
  assert.ok(arrows.get('lib/cli/index.js').includes('lib/cli/run.js'), 'one that is named when it is called')
  assert.deepEqual(circle(['a', 'b'], (one) => ({ a: ['b'], b: ['c'], c: ['b'] })[one]), ['b', 'c', 'b'])
})

test('a room requires what its README.md allows, and nothing else', () => {
  for (const room of rooms) {
    const may = allowed(room)
    for (const [from, to] of [...arrows].flatMap(([from, all]) => all.map((to) => [from, to]))) {
      if (roomOf(from) !== room || roomOf(to) === room) continue
      assert.ok(may.includes(roomOf(to)), `${from} requires ${to}, and lib/${room}/README.md does not allow it`)
    }
    const uses = files.filter((file) => roomOf(file) === room).flatMap((file) => arrows.get(file)).map(roomOf)
    assert.deepEqual(may.filter((one) => !uses.includes(one)), [], `lib/${room}/README.md allows what nobody there needs`)
  }
  assert.equal(circle(rooms, (room) => room === FACE ? [] : allowed(room)), undefined)
})

test('no file reaches itself', () => {
  const found = circle(files, (file) => arrows.get(file))
  assert.equal(found, undefined, `a circle: ${found?.join(' → ')}`)
})

test('each room tells of each of its files, and of none that is not there', () => {
  for (const room of rooms) {
    const told = [...readme(room).matchAll(/^\| `([^`]+\.js)`/gm)].map(([, file]) => file).sort()
    const there = files.filter((file) => roomOf(file) === room).map((file) => file.slice(`lib/${room}/`.length)).sort()
    assert.deepEqual(told, there, `lib/${room}/README.md`)
  }
})

test('each room tells of tests that are there', () => {
  for (const room of rooms) {
    const told = [...readme(room).matchAll(/`(__test__\/[^`]+)`/g)].map(([, place]) => place)
    assert.ok(told.length > 0, room)
    for (const place of told) assert.ok(fs.existsSync(path.join(root, place)), `lib/${room}/README.md: there is no ${place}`)
  }
})

'use strict'

// The command: help, output and exit status of each, rightly and wrongly used; and the variables of a preload.

const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { masked } = require('./mask')
const { spawn } = require('./spawn')

/** More than this is compared by its digest. */
const LONG = 1 << 16

/** Commands that would start something of their own, and are only asked for help. */
const MISUSES = [
  [], ['nonsense'], ['--nonsense'], ['--version'], ['--help'], ['summari'],
  ['summary'], ['summary', '/nowhere/at/all'], ['summary', '/nowhere', '--top', '0'], ['summary', '/nowhere', '--top'], ['summary', '--tpo', '3'],
  ['diff'], ['diff', '/nowhere'], ['diff', '/nowhere', '/neither'], ['diff', '/nowhere', '/neither', '--ids', 'perhaps'],
  ['paths'], ['paths', '/nowhere'], ['paths', '/nowhere', '--id', 'x'], ['paths', '/nowhere', '--id', '1', '--class', 'A'], ['paths', '/nowhere', '--id', '1', '--json'],
  ['ls', '/nowhere'], ['ls', '/nowhere', '--json'], ['cat'], ['cat', '/nowhere'], ['cat', '/nowhere', '--json'],
  ['demo', '--leak', 'nothing'], ['run'], ['run', '--'], ['run', '--', '/nowhere/at/all'], ['run', '--intervall', '1s', '--', 'node'],
  ['run', '--', 'node', '-e', 'process.exitCode = 7'], ['run', '--log', 'json', '--', 'node', '-e', 'process.kill(process.pid, "SIGTERM")']
]

const BAD_VALUES = ['nonsense', '-1', '0']
const RULES = [
  'rss >', 'rss', 'rss > 1GB for', 'rss > 1GB do nothing', 'heapUsedRatio > 200%', 'nonsense > 1', 'rss > 1GB for 1s;', 'rss > 1GB; rss > 1GB', 'a: rss > 1GB do snapshot',
  'rss > 1XB', 'rss = 1GB', '[', '[{}]', '[{"name":"a","metric":"rss","above":"1GB"}]'
]

function uses ({ first, second, third, cut }) {
  const filters = [[], ['--json'], ['--class', 'Session'], ['--class', '/^Sess/', '--json'], ['--top', '3', '--wide']]
  return [
    ...filters.map((more) => ['summary', first, ...more]),
    ...filters.map((more) => ['diff', first, second, ...more]),
    ...filters.map((more) => ['diff', first, second, third, ...more]),
    ['diff', first, second, '--ids', 'false'], ['diff', first, second, '--ids', 'true', '--json'],
    ['paths', first, '--class', 'Session'], ['paths', first, '--class', 'Session', '--json'], ['paths', first, '--class', 'Session', '--top', '50', '--wide'],
    ['paths', first, '--class', 'Nobody'], ['paths', first, '--id', '3', '--json'], ['paths', first, '--id', '999999999'],
    ['summary', cut], ['summary', cut, '--json'], ['summary', cut, '--salvage'], ['diff', first, cut, '--salvage', '--json'],
    ['summary', first, '--max-memory', '1MB'], ['cat', first], ['cat', cut], ['ls', path.dirname(first)]
  ]
}

const digested = (text) => text.length > LONG ? `${text.length} characters, sha256 ${createHash('sha256').update(text).digest('hex')}` : text

async function commands (root, heaps, scratch) {
  const manifest = require(path.join(root, 'package.json'))
  const bin = path.join(root, manifest.bin.heapwarden)
  const register = path.join(root, manifest.exports['./register'].default)
  const cwd = path.join(scratch, 'cwd')
  fs.mkdirSync(cwd, { recursive: true })
  const places = { heaps: path.dirname(heaps.first), cwd, root }
  const found = {}

  async function note (name, args, env) {
    const { status, stdout, stderr } = await spawn(process.execPath, args, { env, cwd })
    found[masked(name, places)] = digested(masked(`exit status ${status}\n${stdout}\n-- stderr\n${stderr}`, places))
  }
  const ask = (args, env) => note(`heapwarden ${args.join(' ')}`, [bin, ...args], env)

  const { stdout: overview } = await spawn(process.execPath, [bin, '--help'])
  const all = [...overview.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name)
  for (const name of all) await ask([name, '--help'])
  for (const args of [...MISUSES, ...uses(heaps)]) await ask(args)

  const { stdout: options } = await spawn(process.execPath, [bin, 'run', '--help'])
  for (const [, no, option] of options.matchAll(/^ {2}--(\[no-\])?([a-z-]+)/gm)) {
    if (option === 'json') continue
    const variable = `HEAPWARDEN_${option.toUpperCase().replaceAll('-', '_')}`
    for (const value of BAD_VALUES) {
      if (no) await ask(['run', `--${option}=${value}`, '--', 'node', '-e', '0'])
      else await ask(['run', `--${option}`, value, '--', 'node', '-e', '0'])
      await note(`${variable}=${value}`, ['-r', register, '-e', '0'], { [variable]: value })
    }
  }
  for (const rules of RULES) await note(`HEAPWARDEN_RULES=${rules}`, ['-r', register, '-e', '0'], { HEAPWARDEN_RULES: rules })
  for (const name of ['HEAPWARDEN_ENABLED', 'HEAPWARDEN_WORKERS', 'HEAPWARDEN_LOG', 'HEAPWARDEN_CONFIG', 'HEAPWARDEN_INTERVALL']) {
    await note(`${name}=nonsense`, ['-r', register, '-e', '0'], { [name]: 'nonsense' })
  }
  return found
}

module.exports = { commands }

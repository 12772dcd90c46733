'use strict'

// `heapwarden run`: a program that knows nothing of us, with our preload in its NODE_OPTIONS and its settings in variables.

const path = require('node:path')
const { readConfig } = require('../options/config')
const { checkUpdate } = require('../options/check')
const { settings } = require('../options/variables')
const { asTyped } = require('../options/as-typed')
const { follow } = require('./child')
const { UsageError, args } = require('./terminal')

const flags = settings.map((one) => ({ ...one, switch: one.form === 'BOOLEAN' }))
const name = ({ flag, form, switch: yes }) => yes ? `--[no-]${flag}` : `--${flag} ${form}`

const usage = `usage: heapwarden run [OPTION…] -- COMMAND [ARGUMENT…]

Runs a program and watches every Node.js process in it, package managers excepted. The program need not know.

  heapwarden run --rules 'heapUsed > 512MB for 30s' --dir ./heaps -- node server.js

${flags.map((one) => `  ${name(one).padEnd(34)}${one.help}`).join('\n')}
  ${'--config FILE'.padEnd(34)}the configuration file (heapwarden.config.json, if there)
  ${'--log text|json|off'.padEnd(34)}lines on stderr about what happens (text)
  ${'--json'.padEnd(34)}the same as --log json

Each option is a HEAPWARDEN_… variable as well: --keep-count is HEAPWARDEN_KEEP_COUNT.
Exit status: that of the program.`

/** `--redact` → `--redact=true`, `--no-redact` → `--redact=false`: parseArgs of Node.js 20 has no `--no-`. */
function spell (argv) {
  const switches = flags.filter((one) => one.switch).map(({ flag }) => flag)
  return argv.map((one) => {
    const [, no, flag] = /^--(no-)?(.+)$/.exec(one) ?? []
    return switches.includes(flag) ? `--${flag}=${no === undefined}` : one
  })
}

/** NODE_OPTIONS with our preload behind what is there. Quoted, because paths have blanks and backslashes. */
function nodeOptions (present, register) {
  const quoted = `"${register.replace(/[\\"]/g, '\\$&')}"`
  return [present, `--require ${quoted}`].filter(Boolean).join(' ')
}

/** The environment of the program. Checked here, because there it could only be warned of, and in the words that were typed. */
function environment (values, env) {
  const typed = flags.filter(({ flag }) => values[flag] !== undefined).map(({ flag, env: variable }) => [variable, `--${flag}`])
  if (values.log !== undefined && !values.json) typed.push(['HEAPWARDEN_LOG', '--log'])
  return asTyped(typed, () => checkedEnvironment(values, env))
}

function checkedEnvironment (values, env) {
  const out = { ...env }
  for (const { flag, env: variable } of flags) {
    const value = values[flag]
    if (value === undefined) continue
    // The program may change its directory before its first snapshot.
    out[variable] = flag === 'dir' || flag === 'path' ? path.resolve(value) : value
  }
  if (values.config !== undefined) out.HEAPWARDEN_CONFIG = path.resolve(values.config)
  out.HEAPWARDEN_LOG = values.json ? 'json' : (values.log ?? (env.HEAPWARDEN_LOG || 'text'))
  const { options, spellings } = readConfig(out)
  asTyped(spellings, () => checkUpdate(options))
  out.NODE_OPTIONS = nodeOptions(env.NODE_OPTIONS, path.join(__dirname, '..', 'register.js'))
  return out
}

async function run (argv) {
  const end = argv.indexOf('--')
  if (end === -1) throw new UsageError('put -- before the command that is to be run')
  const own = { config: { type: 'string' }, log: { type: 'string' }, json: { type: 'boolean' } }
  for (const { flag } of flags) own[flag] = { type: 'string' }
  const { values } = args(spell(argv.slice(0, end)), own)
  const [command, ...rest] = argv.slice(end + 1)
  if (!command) throw new UsageError(command === '' ? 'COMMAND is empty: a variable that is not set?' : 'which COMMAND? there is nothing behind --')
  return follow(command, rest, environment(values, process.env))
}

module.exports = { environment, lendsStdio: true, nodeOptions, run, usage }

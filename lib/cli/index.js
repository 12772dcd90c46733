'use strict'

// The command line: which command, and what becomes of its failures.

const { version } = require('../../package.json')
const { didYouMean } = require('../base/suggest')
const { removeAtSignals } = require('../image/temporary')
const { printable, printableJsonLine, printableLines } = require('../base/printable')
const { UsageError, print, say, watchOutput } = require('./terminal')

/**
 * name → what it does. `./NAME.js` exports `NAME(argv) → Promise<status>` and `usage`; loaded when it is called.
 * `lendsStdio`: its stdio is another program's, and process.stdout and its like are not touched.
 */
const commands = {
  run: 'watch an unchanged program',
  ls: 'list the snapshots in a folder',
  cat: 'unpack a snapshot to stdout',
  summary: 'what a snapshot holds',
  diff: 'what has changed between two snapshots or more',
  paths: 'who holds an object or a class',
  suspects: 'which holder leaks',
  verify: 'whether a leak is gone',
  report: 'what leaks, as a page',
  thaw: 'make a snapshot of a heap image',
  ask: 'run JavaScript in a heap image',
  bundle: 'a heap image and its objects as one file',
  demo: 'watch a leaking server being caught'
}

const usage = `usage: heapwarden COMMAND [OPTION…]

${Object.entries(commands).map(([name, does]) => `  ${name.padEnd(9)}${does}`).join('\n')}

  heapwarden COMMAND --help   what a command takes
  heapwarden --version        the version

Exit status: 0 done, 1 failed or a leak was found, 2 used wrongly.`

async function call (name, argv) {
  const command = require(`./${name}`)
  // Behind -- everything belongs to somebody else's program.
  const end = argv.indexOf('--')
  const own = end === -1 ? argv : argv.slice(0, end)
  const help = own.includes('--help') || own.includes('-h')
  if (help || !command.lendsStdio) {
    watchOutput()
    removeAtSignals()
  }
  if (help) {
    await print(command.usage)
    return 0
  }
  try {
    return await command[name](argv)
  } catch (error) {
    return report(error, own.includes('--json'), command.usage)
  }
}

/** Tells of a failure on stderr and gives the exit status. */
function report (error, json, commandUsage) {
  const wrong = error instanceof UsageError || error.code === 'HEAPWARDEN_INVALID_OPTION'
  const code = wrong ? 'HEAPWARDEN_INVALID_OPTION' : error.code
  // Ours are told by their message; anything else is a defect and needs its stack.
  const text = wrong || /^HEAPWARDEN_/.test(code) ? error.message : (error.stack ?? String(error))
  // The addon knows of options and not of flags. What is told as JSON may go to a program, which gave an option.
  const message = json || code !== 'HEAPWARDEN_MEMORY_BUDGET' ? text : text.replace(/(?<= )maxMemory(?=[ ,;])/g, '--max-memory')
  if (json) say(printableJsonLine({ code, message }))
  else say(`heapwarden: ${(/^HEAPWARDEN_/.test(error.code) ? printable : printableLines)(message)}${error instanceof UsageError ? `\n${commandUsage.split('\n', 1)[0]}; --help tells more` : ''}`)
  return wrong ? 2 : 1
}

/**
 * @param {string[]} argv without node and script
 * @returns {Promise<number>} exit status
 */
async function main (argv) {
  const [name, ...rest] = argv
  if (name === '--version' || name === '-v') {
    watchOutput()
    await print(version)
    return 0
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    if (Object.hasOwn(commands, rest[0] ?? '')) return call(rest[0], ['--help'])
    watchOutput()
    await print(usage)
    return 0
  }
  if (name === undefined) {
    say(usage)
    return 2
  }
  if (!Object.hasOwn(commands, name)) {
    const what = name.startsWith('-') ? 'option' : 'command'
    const message = `there is no ${what} ${name}${didYouMean(name, Object.keys(commands))}`
    return report(new UsageError(message), rest.includes('--json'), usage)
  }
  return call(name, rest)
}

module.exports = { main }

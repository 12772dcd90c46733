'use strict'

// A program in our place: its terminal, its signals and its end are ours.

const { spawn } = require('node:child_process')
const os = require('node:os')
const { isatty } = require('node:tty')
const { printable } = require('../base/printable')
const { capturesEnded } = require('./afterwards')
const { say } = require('./terminal')

const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH']

// A terminal sends these to everything in its foreground: passed on as well, Ctrl-C would arrive twice, and
// many servers take the second for "at once".
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGWINCH', 'SIGHUP']

// To end by these as well would leave a second core file, over the one that matters.
const DUMPING = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS', 'SIGQUIT', 'SIGXCPU', 'SIGXFSZ']

function listen (child) {
  // Not process.stdin.isTTY: whoever looks at these objects makes the pipe behind them non-blocking, for the program
  // too, and most programs take "nothing there yet" for an error.
  const interactive = [0, 1, 2].some(isatty)
  const listeners = FORWARDED.flatMap((signal) => {
    const listener = () => {
      if (!(interactive && FROM_TERMINAL.includes(signal))) child.kill(signal)
    }
    try {
      process.on(signal, listener)
    } catch {
      return [] // not on this platform
    }
    return [[signal, listener]]
  })
  return () => listeners.forEach(([signal, listener]) => process.removeListener(signal, listener))
}

/**
 * Runs `command` with our stdio and ends as it does.
 * @returns {Promise<number>} its exit status; does not return if a signal ended it, we end by the same
 */
function follow (command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: 'inherit' })
    const unlisten = listen(child)
    child.once('error', (error) => {
      unlisten()
      say(printable(`heapwarden: ${command} cannot be run: ${error.message}`))
      resolve(1)
    })
    child.once('exit', async (status, signal) => {
      unlisten()
      await capturesEnded()
      if (signal === null) return resolve(status)
      if (!DUMPING.includes(signal)) process.kill(process.pid, signal)
      // As shells say it; also where the signal did not end us.
      resolve(128 + os.constants.signals[signal])
    })
  })
}

module.exports = { follow }

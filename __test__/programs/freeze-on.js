'use strict'

// A watched process that a signal comes to, in whatever it does then.
// node freeze-on.js '{"dir": …, "does": idle|loop|pbkdf2, "listens": before|after|never, "watch": {…}, "stops": …}'

const crypto = require('node:crypto')
const fs = require('node:fs')
const { watch } = require('../..')

const { dir, does = 'idle', listens = 'never', watch: options, stops = false } = JSON.parse(process.argv[2])
const say = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)
const files = () => fs.readdirSync(dir).filter((name) => /^heapwarden.*\.zst$/.test(name))
/** The signals for which there is a handler of whomever, as the kernel has it. */
const caught = () => /^SigCgt:\t(\w+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]

global.sessions = new Map(Array.from({ length: 20_000 }, (_, i) => [`id ${i}`, { user: `user ${i}` }]))
setInterval(() => {}, 1000)

function listen () {
  for (const name of ['SIGTERM', 'SIGUSR2']) {
    process.on(name, (signal) => {
      say({ type: 'heard', signal, files: files() })
      if (signal === 'SIGTERM') process.exit(3)
    })
  }
}

async function run () {
  const before = caught()
  if (listens === 'before') listen()
  const monitor = watch({ rules: [], nearHeapLimit: false, freezeOn: ['SIGTERM', 'SIGUSR2'], ...options, snapshots: { dir, ...options?.snapshots } })
  monitor.on('snapshot', ({ trigger, form, mode }) => say({ type: 'snapshot', trigger, form, mode }))
  monitor.on('snapshotFailed', ({ code, message }) => say({ type: 'failed', code, message }))
  if (listens === 'after') listen()
  const during = caught()
  if (stops) await monitor.stop()
  setTimeout(() => {
    say({ type: 'ready', before, during, after: caught() })
    if (does === 'loop') for (;;);
    if (does === 'pbkdf2') crypto.pbkdf2Sync('secret', 'salt', 2 ** 31 - 1, 64, 'sha512')
  }, 50)
}

run()

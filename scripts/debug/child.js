'use strict'

// A debugger on the forked child: starts a small program that takes one snapshot, follows its fork, and stops where the child
// begins. Needs gdb, and an addon with symbols: npm run build:quick. The service goes on as in earnest, and sees to a child
// that has used up its time or waits for a lock; its own deadline is an hour away.
//
// npm run debug:child                              to type in
// npm run debug:child -- -batch -ex backtrace      says where the child is, and ends

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const ENTRY = 'heapwarden::capture::fork::child::run::run'

// Ctrl-C is for gdb, which stops the program then.
process.on('SIGINT', () => {})
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-debug-'))
const { status, error } = spawnSync('gdb', [
  '-quiet',
  // The addon is loaded later.
  '-ex', 'set breakpoint pending on',
  '-ex', 'set follow-fork-mode child',
  '-ex', 'set detach-on-fork on',
  '-ex', `break ${ENTRY}`,
  '-ex', 'run',
  ...process.argv.slice(2),
  '--args', process.execPath, path.join(__dirname, 'one-snapshot.js'), dir
], { stdio: 'inherit' })
if (error) console.error(error.code === 'ENOENT' ? 'gdb is not installed' : error.message)
fs.rmSync(dir, { recursive: true, force: true })
process.exitCode = status ?? 1

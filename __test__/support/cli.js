'use strict'

// What tests of the command share.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { node, root } = require('./helpers')

const bin = path.join(root, 'bin', 'heapwarden.js')

/** Runs a command; `stdin`: a file. */
async function heapwarden (args, { stdin, ...options } = {}) {
  const input = stdin === undefined ? 'ignore' : fs.openSync(stdin, 'r')
  try {
    return await node([bin, ...args], { stdio: [input, 'pipe', 'pipe'], ...options })
  } finally {
    if (stdin !== undefined) fs.closeSync(input)
  }
}

/** A test of each: arguments that are wrong, and what is said of them. */
function usedWrongly (cases) {
  for (const [args, says] of cases) {
    test(`used wrongly: ${args.join(' ')}`, async () => {
      const { status, stdout, stderr } = await heapwarden(args)
      assert.deepEqual([status, stdout], [2, ''])
      assert.match(stderr, says)
      assert.doesNotMatch(stderr, /\n {4}at /, 'no stack')
    })
  }
}

module.exports = { bin, heapwarden, usedWrongly }

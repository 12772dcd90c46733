'use strict'

// Which majors of Node there are to test, and where the binary of one is (the first time it is fetched).
// Another major is added to node-majors.json, with V8's; __test__/package/node-majors.once.test.js says where else it is told.

const { execFile } = require('node:child_process')
const { tmpdir } = require('node:os')
const { promisify } = require('node:util')
const { tested } = require('../node-majors.json')
const { stageEnvironment } = require('./run')

/** The oldest first. */
const MAJORS = Object.keys(tested).map(Number)
const FETCH_TIMEOUT_MS = 180_000
const found = new Map()

async function fetchNode (major) {
  // Run outside the project, so that npx does not look among its dependencies. Once it has said where the
  // binary is, tests call that directly: npx between a test and its signals would be in the way.
  const args = ['-y', '-p', `node@${major}`, 'node', '-p', 'process.execPath']
  const { stdout } = await promisify(execFile)('npx', args, {
    cwd: tmpdir(),
    env: stageEnvironment(),
    timeout: FETCH_TIMEOUT_MS
  }).catch((error) => {
    throw new Error(`could not get Node ${major} with "npx ${args.join(' ')}": ${error.stderr || error.message}`)
  })
  return stdout.trim()
}

/**
 * The path of a Node binary.
 * @param {number} [major] without it, and for the major that runs this, the running Node
 * @returns {Promise<string>}
 */
function nodeBinary (major) {
  if (major === undefined || process.versions.node.startsWith(`${major}.`)) return Promise.resolve(process.execPath)
  if (!found.has(major)) found.set(major, fetchNode(major))
  return found.get(major)
}

module.exports = { MAJORS, nodeBinary }

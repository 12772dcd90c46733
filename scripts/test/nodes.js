'use strict'

// Finds (and the first time fetches) a Node binary of a given major version.

const { execFile } = require('node:child_process')
const { tmpdir } = require('node:os')
const { promisify } = require('node:util')
const { stageEnvironment } = require('./run')

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

module.exports = { nodeBinary }

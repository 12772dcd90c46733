'use strict'

// What our own engine makes of a snapshot: the same numbers as in devtools.js, from tests/oracle/columns.rs.

const { spawn } = require('node:child_process')
const { join } = require('node:path')

const root = join(__dirname, '..', '..')
const BUILD = ['build', '--profile', 'oracle', '--no-default-features', '--example', 'columns', '--message-format', 'json-render-diagnostics']
const BUILD_TIMEOUT_MS = 600_000
const RUN_TIMEOUT_MS = 120_000

/** Runs to the end; resolves with what was printed. */
function output (file, args, timeout) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout })
    const chunks = []
    let stderr = ''
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text })
    child.once('error', reject)
    child.once('close', (status, signal) => {
      if (status === 0) resolve(Buffer.concat(chunks))
      else reject(new Error(`${file} ${args.join(' ')} ended with ${signal ?? status}:\n${stderr}`))
    })
  })
}

let building

/** The program's path; it is built once. */
function program () {
  building ??= output('cargo', BUILD, BUILD_TIMEOUT_MS).then((lines) => {
    const { executable } = lines.toString().trim().split('\n').map((line) => JSON.parse(line))
      .find(({ target, executable }) => executable && target.name === 'columns')
    return executable
  })
  return building
}

/** JavaScript's strings, lone surrogates included, come as lists of code units. */
const text = (units) => units.reduce((all, unit) => all + String.fromCharCode(unit), '')

/** The key DevTools has for a class. */
const keyOf = (name, place) => place ? `${place.scriptId},${place.line},${place.column},${name}` : `,${name}`

/**
 * @param {string} file
 * @returns {Promise<object>} `columns` as devtools.js has them, `classOf` and `names` (their hashes) a node;
 *   `classes` in the order of `classOf`, `ranking` of them as they are shown, `statistics`, `duplicates`
 */
async function load (file) {
  const data = await output(await program(), [file], RUN_TIMEOUT_MS)
  const length = data.readUInt32LE(0)
  const { classes, nodes, ...rest } = JSON.parse(data.subarray(4, 4 + length))
  let at = 4 + length
  const column = (Kind) => {
    const bytes = nodes * Kind.BYTES_PER_ELEMENT
    const values = new Kind(nodes)
    data.copy(new Uint8Array(values.buffer), 0, at, at += bytes)
    return values
  }
  const columns = {
    ids: column(Float64Array),
    selfSizes: column(Float64Array),
    retainedSizes: column(Float64Array),
    distances: column(Int32Array),
    dominators: column(Uint32Array)
  }
  const classOf = column(Uint32Array)
  const names = column(Uint32Array)
  if (at !== data.length) throw new Error(`${data.length - at} bytes were not expected`)
  const rows = classes.map(({ name, place, ...numbers }) => {
    const plain = text(name)
    return { key: keyOf(plain, place), name: plain, ...numbers }
  })
  return { nodes, columns, classOf, names, classes: rows, ...rest }
}

/** The rows of the comparison of two snapshots of one process. */
async function diff (before, after) {
  const rows = JSON.parse(await output(await program(), [before, after], RUN_TIMEOUT_MS))
  return rows.map(({ name, location, added, removed, addedSize, removedSize }) => ({ key: keyOf(name, location), added, removed, addedSize, removedSize }))
}

/** The hash that `names` are of. */
function hash (text) {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

module.exports = { diff, hash, load, program }

'use strict'

// What a program that knows nothing of us is watched with: a file, and variables over it.

const fs = require('node:fs')
const path = require('node:path')
const { HeapwardenError } = require('../base/errors')
const { boolean } = require('./from-text')
const { invalid } = require('./invalid')
const { isObject } = require('./kinds')
const { setAt, settings, switches } = require('./variables')
const { didYouMean } = require('../base/suggest')

const FILE = 'heapwarden.config.json'
/** Bytes; more is another file. */
const MOST = 1 << 20
const known = [...settings, ...switches].map(({ env }) => env)

/** A file's text. A pipe or a device would be read for ever, before the program has begun. */
function read (file) {
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  try {
    const stats = fs.fstatSync(fd)
    if (!stats.isFile()) throw new Error(`${file} is not a regular file`)
    if (stats.size > MOST) throw new Error(`${file} has ${stats.size} bytes, which is no configuration`)
    return fs.readFileSync(fd, 'utf8')
  } finally {
    fs.closeSync(fd)
  }
}

/** The options in the configuration file; without one, and without HEAPWARDEN_CONFIG, none. */
function fromFile (env, cwd) {
  let file = env.HEAPWARDEN_CONFIG || FILE
  let json
  try {
    // The folder that the program stands in may be gone.
    file = path.resolve(cwd ?? process.cwd(), file)
    json = read(file)
  } catch (error) {
    if (error.code === 'ENOENT' && !env.HEAPWARDEN_CONFIG) return {}
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `the configuration file cannot be read: ${error.message}`)
  }
  let options
  try {
    options = JSON.parse(json)
  } catch (error) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${file} is not valid JSON: ${error.message}`)
  }
  if (!isObject(options)) throw invalid(file, options, 'a JSON object of options, as watch() takes them')
  // Editors put it there to find a schema.
  delete options.$schema
  return options
}

function logForm (value = 'off') {
  if (['text', 'json', 'off'].includes(value)) return value
  throw invalid('HEAPWARDEN_LOG', value, "'text', 'json' or 'off'")
}

const flagIn = (env, name) => env[name] ? boolean(env[name], name) : undefined

/** A sentence for each HEAPWARDEN_… variable that means nothing to us. */
function strangers (env) {
  return Object.keys(env)
    .filter((name) => name.startsWith('HEAPWARDEN_') && !known.includes(name))
    .map((name) => `${name}: there is no such variable${didYouMean(name, known)}`)
}

/**
 * The environment as the program will have it. A worker of PM2's cluster mode is started with its variables packed into
 * one, and unpacks them after everything that was preloaded.
 */
function unpacked (env) {
  if (!env.pm2_env) return env
  try {
    const ours = Object.entries(JSON.parse(env.pm2_env)).filter(([name, value]) => name.startsWith('HEAPWARDEN_') && typeof value !== 'object')
    return { ...env, ...Object.fromEntries(ours.map(([name, value]) => [name, String(value)])) }
  } catch {
    return env // not PM2's
  }
}

/**
 * Reads the whole configuration of a preload.
 *
 * @param {NodeJS.ProcessEnv} given
 * @param {string} [cwd] the process's own without it
 * @returns {{ options: object, spellings: string[][], enabled?: boolean, workers?: boolean, log: string, strangers: string[] }} `options`
 *   as watch() takes them, not checked yet; `spellings`: which of them a variable has set
 * @throws HEAPWARDEN_INVALID_OPTION
 */
function readConfig (given = process.env, cwd = undefined) {
  const env = unpacked(given)
  const options = fromFile(env, cwd)
  const spellings = []
  for (const { env: name, option, read } of settings) {
    // Set but empty is how a shell script unsets.
    if (!env[name]) continue
    setAt(options, option, read(env[name], name))
    spellings.push([option.join('.'), name])
  }
  return {
    options,
    spellings,
    enabled: flagIn(env, 'HEAPWARDEN_ENABLED'),
    workers: flagIn(env, 'HEAPWARDEN_WORKERS'),
    log: logForm(env.HEAPWARDEN_LOG || undefined),
    strangers: strangers(env)
  }
}

module.exports = { readConfig }

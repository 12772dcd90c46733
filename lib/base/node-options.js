'use strict'

// What Node was told that has no API: on the command line, in NODE_OPTIONS, in a configuration file.

const fs = require('node:fs')

/** NODE_OPTIONS as Node splits it: at blanks, unless between double quotes, in which a backslash makes the next one plain. */
function split (text) {
  const words = []
  let word
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (quoted && char === '\\' && i + 1 < text.length) {
      word += text[++i]
    } else if (char === ' ' && !quoted) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '"') {
      quoted = !quoted
      word ??= ''
    } else {
      word = (word ?? '') + char
    }
  }
  if (word !== undefined) words.push(word)
  return words
}

/** `--diagnostic_dir` is another way to write `--diagnostic-dir`. */
const canonical = (name) => name.startsWith('--') ? name.replace(/(?<=..)_/g, '-') : name

/** The last word on `wanted` among `words`, as `--name=value` or `--name value`. */
function lastOf (words, wanted) {
  let found
  for (const [index, word] of words.entries()) {
    const [name, ...value] = word.split('=')
    if (canonical(name) === wanted) found = value.length > 0 ? value.join('=') : words[index + 1]
  }
  return found
}

/** From the file that --experimental-config-file names, or node.config.json where the other flag allows it. */
function inFile (words, wanted) {
  const named = (flag) => words.some((word) => canonical(word.split('=')[0]) === flag)
  const file = lastOf(words, '--experimental-config-file') ?? lastOf(words, '--config-file') ??
    (named('--experimental-default-config-file') ? 'node.config.json' : undefined)
  if (file === undefined) return undefined
  try {
    const { nodeOptions = {} } = JSON.parse(fs.readFileSync(file, 'utf8'))
    const value = nodeOptions[wanted.slice(2)]
    return value === undefined ? undefined : String(value)
  } catch {
    return undefined // Node has not taken it either, or it has gone since
  }
}

/**
 * The value Node goes by: the command line's before NODE_OPTIONS', and those before a file's.
 * @param {string} wanted with its dashes
 * @returns {string | undefined}
 */
function optionValue (wanted, { env = process.env, execArgv = process.execArgv } = {}) {
  const variable = split(env.NODE_OPTIONS ?? '')
  return lastOf(execArgv, wanted) || lastOf(variable, wanted) || inFile([...variable, ...execArgv], wanted) || undefined
}

module.exports = { optionValue, split }

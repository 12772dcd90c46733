'use strict'

// `heapwarden ask`: runs JavaScript in the process that is frozen in a heap image.

const fs = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const { isatty } = require('node:tty')
const { helpOf } = require('./analysis')
const { flagsOf, imageOf, optionsOf } = require('./image')
const { ask: table, checkAsk, checkCode } = require('../image/options')
const { printable, printableJson, printableJsonLine, printableLines } = require('../base/printable')
const { withProgress } = require('./progress')
const { UsageError, args, print, say } = require('./terminal')

const usage = `usage: heapwarden ask IMAGE [CODE | -f FILE] [OPTION…]

Runs JavaScript in a copy of the process that is frozen in a heap image, on its real objects, behind a fence: no file, no
socket, no other process. An exception is an answer as well. Without CODE it asks for questions, line by line; what comes
through a pipe is one question. Each question gets a fresh copy, unless --keep.
IMAGE is a .heapimage.zst, a bundle, or a folder (its newest image).

  heapwarden ask leak.heapimage.zst 'app.sessions.size'
  heapwarden ask leak.heapimage.zst --id 48213 'map => [...map.keys()].slice(0, 5)'
  heapwarden ask leak.heapimage.zst --class Session 'all => all.filter((one) => one.user === undefined).length'

  -f, --file FILE     the code is in this file
  --keep              one copy for all questions: what one has changed the next one sees (until one is ended by Ctrl-C or its timeout)
${helpOf(table)}
  --json              {"exception", "text"} for each answer`

const MOST_ON_SCREEN = 16 * 1024

/** What is asked, if it is one question; undefined: a person is to be asked for them. */
function codeOf ([, code], file) {
  if (code !== undefined && file !== undefined) throw new UsageError('either CODE or -f FILE')
  if (code !== undefined) return code
  const from = file ?? (isatty(0) ? undefined : 0)
  if (from === undefined) return undefined
  try {
    return fs.readFileSync(from, 'utf8')
  } catch (error) {
    throw new UsageError(`the code cannot be read: ${error.message}`)
  }
}

/** One answer, on stdout. */
async function tell (work, json) {
  const { exception, text } = await work
  // What was frozen may hold anything that a terminal would obey; a program may want it as it is.
  await print(json ? printableJson({ exception, text }) : isatty(1) ? printableLines(text) : text)
}

/** Asks a person for questions until there are no more. Ctrl-C ends a question that takes too long, and at the prompt the line. */
async function prompt (ask, json) {
  const lines = readline.createInterface({ input: process.stdin, output: process.stderr, prompt: '> ' })
  let question
  let again = false
  lines.on('SIGINT', () => {
    if (question) return question.abort()
    if (lines.line !== '') {
      lines.write(null, { ctrl: true, name: 'e' })
      lines.write(null, { ctrl: true, name: 'u' })
      return
    }
    if (again) return lines.close()
    again = true
    process.stderr.write('\n')
    say('Ctrl-C again, Ctrl-D or .exit ends.')
    lines.prompt()
  })
  // Ctrl-D, also amid a question.
  let over = false
  lines.once('close', () => {
    over = true
    question?.abort()
  })
  lines.prompt()
  for await (const line of lines) {
    again = false
    if (line.trim() === '.exit') break
    if (line.trim() !== '') {
      question = new AbortController()
      const { signal } = question
      try {
        await tell(withProgress((onProgress) => ask(line, { signal, ...(onProgress && { onProgress }) })), json)
      } catch (error) {
        if (!/^HEAPWARDEN_/.test(error.code)) throw error
        const message = signal.aborted ? 'the question was interrupted' : error.message
        say(json ? printableJsonLine({ code: error.code, message }) : `heapwarden: ${printableLines(message)}`)
      }
      question = undefined
    }
    if (over) break
    lines.prompt()
  }
  // Whoever leaves by Ctrl-D is still in the line of the prompt.
  if (isatty(2)) process.stderr.write('\n')
}

async function ask (argv) {
  const flags = { ...flagsOf(table), file: { type: 'string', short: 'f' }, keep: { type: 'boolean' }, json: { type: 'boolean' } }
  const { values, positionals } = args(argv, flags, { positionals: 2 })
  const place = path.resolve(imageOf(positionals))
  const options = optionsOf(table, values, checkAsk)
  const code = codeOf(positionals, values.file)
  if (code !== undefined) checkCode(code)
  const { answer, conversation } = require('../image')
  const { withImage } = require('../image/place')
  await withImage(place, async (image) => {
    if (code !== undefined) return tell(withProgress((onProgress) => answer(image, code, { ...options, ...(onProgress && { onProgress }) })), values.json)
    // A screen is full sooner than a file.
    const most = values.most === undefined && isatty(1) ? MOST_ON_SCREEN : options.most
    say(`Questions to the process that is frozen in ${printable(image)}. Ctrl-D or .exit ends.`)
    if (!values.keep) return prompt((line, own) => answer(image, line, { ...options, most, ...own }), values.json)
    const talk = conversation(image, { ...options, most })
    try {
      await prompt(talk.ask, values.json)
    } finally {
      talk.end()
    }
  })
  return 0
}

module.exports = { ask, usage }

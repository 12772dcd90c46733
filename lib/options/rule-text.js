'use strict'

// Rules where there is only text: variables and the command line.

const { HeapwardenError } = require('../base/errors')
const { actionNames } = require('./actions')

const SHAPE = /^(?:([\w.-]+)\s*:\s*)?(\w+)\s*([<>])\s*(.+?)(?:\s+for\s+(\S+))?(?:\s+do\s+(nothing|[a-z]+(?:\s*,\s*[a-z]+)*))?$/

function parseRule (text, option) {
  const [, name, metric, sign, threshold, held, actions = 'snapshot'] = SHAPE.exec(text) ?? []
  if (metric === undefined) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION',
      `${option}: '${text.slice(0, 100)}' was given; accepted: '[NAME:] METRIC > VALUE [for DURATION] [do ${actionNames.join('|')}|nothing]', several with ';', or a JSON array`)
  }
  const number = Number(threshold)
  return {
    name: name ?? text,
    metric,
    [sign === '>' ? 'above' : 'below']: Number.isNaN(number) ? threshold : number,
    for: held ?? 0,
    do: actions === 'nothing' ? [] : actions.split(/\s*,\s*/)
  }
}

/**
 * `heap: heapUsed > 512MB for 30s do snapshot; rss > 2GiB` → rules as watch() takes them.
 * Without `do` a snapshot is taken, other than in watch(): where text configures, nobody listens to a bare event.
 *
 * @throws HEAPWARDEN_INVALID_OPTION
 */
function parseRules (text, option) {
  if (/^\s*\[/.test(text)) {
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION', `${option}: this is not valid JSON: ${error.message}`)
    }
  }
  return text.split(';').map((one) => one.trim()).filter((one) => one !== '').map((one) => parseRule(one, option))
}

module.exports = { parseRules }

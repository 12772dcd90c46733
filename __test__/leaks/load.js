'use strict'

// The load of a program: requests over some connections that are kept, counted on from round to round.

const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CONNECTIONS = 8
/** A program that does not answer, and is not meant to hang, is broken. */
const ANSWER_MS = 20_000
/** Between a client's requests beyond the count: at full speed a leak would outgrow the snapshot that is waited for. */
const PAUSE_MS = 20

/**
 * One request, to its end.
 * @param {string | { path: string, method?: string, headers?: object, body?: string | object, abort?: number | 'response' }} wish
 *   abort: given up after as many milliseconds, or as soon as the head of an answer is there
 */
function ask (port, agent, wish, { mayFail = false } = {}) {
  const { path, method = 'GET', headers = {}, body, abort } = typeof wish === 'string' ? { path: wish } : wish
  const json = typeof body === 'object'
  return new Promise((resolve, reject) => {
    const req = http.request({ host: '127.0.0.1', port, agent, path, method, headers: { ...json && { 'content-type': 'application/json' }, ...headers } })
    const giveUp = () => {
      req.off('error', reject).on('error', () => {}).once('close', resolve)
      req.destroy()
    }
    const timer = typeof abort === 'number'
      ? setTimeout(giveUp, abort)
      : setTimeout(() => req.destroy(new Error(`${method} ${path}: no answer in ${ANSWER_MS} ms`)), ANSWER_MS)
    req.on('error', reject).once('close', () => clearTimeout(timer))
    req.once('response', (res) => {
      if (abort === 'response') return giveUp()
      if (res.statusCode >= 500 && !mayFail) reject(new Error(`${method} ${path}: ${res.statusCode}`))
      res.on('error', reject).once('end', resolve).resume()
    })
    req.end(json ? JSON.stringify(body) : body)
  })
}

/**
 * `count` requests from number `first` on; connections are closed after it.
 * @param {Promise} [until] goes on beyond `count`, slowly, until it is settled
 * @param {(answered: number) => void} [onAnswer]
 * @returns {Promise<number>} the number of the next request
 */
async function load ({ port, row, round, first, count, until, onAnswer = () => {} }) {
  const { request = (i) => `/?id=${i}`, connections = CONNECTIONS } = row
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  let next = first
  let answered = 0
  let more = until !== undefined
  until?.finally(() => { more = false }).catch(() => {})
  const client = async () => {
    while (next < first + count || more) {
      if (next >= first + count) await sleep(PAUSE_MS)
      await ask(port, agent, request(next++, round), row)
      onAnswer(++answered)
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, client))
  } finally {
    agent.destroy()
  }
  return next
}

module.exports = { load }

'use strict'

// Who may come in. A heap snapshot holds every secret of the process, so the door is shut unless told.

const { createHash, timingSafeEqual } = require('node:crypto')
const { HeapwardenError } = require('../base/errors')
const { invalid } = require('../options/invalid')
const { warnOnce } = require('../log/warn')
const { Refusal, open } = require('./reply')

const digest = (text) => createHash('sha256').update(text).digest()

/** The name in an authority, the way URLs spell it; undefined: there is none. */
function nameIn (url) {
  try {
    return new URL(url).hostname || undefined
  } catch {}
}

/**
 * Whether a page of another site may have sent this, where the browser does not say it outright: that it does to origins it
 * trusts only, https and this machine. To others it tells the page's own origin, or `null`; what is no browser tells neither.
 * Ports do not count, as for a site they do not, and a proxy may leave them out of Host.
 */
function isForeign (req) {
  const { origin, host, 'sec-fetch-site': site } = req.headers
  if (site !== undefined || origin === undefined) return false
  // Express's: what its `trust proxy` makes of it.
  const ours = nameIn(`http://${req.hostname ?? host ?? req.headers[':authority'] ?? ''}`)
  return ours === undefined || nameIn(origin) !== ours
}

/** Checks the options at mounting time, so that an open door is found at start and not by a stranger. */
function checkGuard ({ token, authorize, insecure }) {
  if (token !== undefined && (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))) {
    // Not shown: it may be a secret with a slip of the pen.
    throw invalid('token', typeof token === 'string' ? `${token.length} characters` : token,
      'a non-empty string of visible ASCII characters, as fits an Authorization header')
  }
  if (authorize !== undefined && typeof authorize !== 'function') {
    throw invalid('authorize', authorize, 'a function (req, res) that returns whether the request may pass, or a promise of it')
  }
  if (insecure !== undefined && typeof insecure !== 'boolean') throw invalid('insecure', insecure, 'true or false')
  if (token === undefined && authorize === undefined && insecure !== true) {
    throw new HeapwardenError('HEAPWARDEN_INVALID_OPTION',
      'middleware: neither token nor authorize was given; accepted: one of them, or insecure: true if something in front of it decides who may pass')
  }
}

/** @returns {(req, res) => Promise<boolean>} false: `authorize` has answered itself. Throws a Refusal. */
function guard ({ token, authorize }) {
  const expected = token === undefined ? undefined : digest(token)

  function checkToken (req) {
    const [, given] = /^bearer +(\S+) *$/i.exec(req.headers.authorization ?? '') ?? []
    // Digests have one length, so neither the token's length nor its letters show in the time this takes.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return
    const challenge = 'Bearer realm="heapwarden"' + (given === undefined ? '' : ', error="invalid_token"')
    throw new Refusal(401, 'HEAPWARDEN_UNAUTHORIZED',
      given === undefined ? 'send the token as "Authorization: Bearer TOKEN"' : 'this is not the token', { 'WWW-Authenticate': challenge })
  }

  const undecided = (message) => new Refusal(500, 'HEAPWARDEN_UNAUTHORIZED', `${message}: whether you may pass could not be decided`)

  const foreign = (req) => new Refusal(403, 'HEAPWARDEN_UNAUTHORIZED', `${req.method} from another site's page is refused`)

  async function mayPass (req, res) {
    let pass
    try {
      pass = await authorize(req, res)
    } catch (error) {
      warnOnce('HEAPWARDEN_UNAUTHORIZED', `middleware: authorize failed: ${error?.stack ?? error}`, `authorize ${error?.message}`)
      throw undecided('authorize failed')
    }
    // The answer of a function that was taken for another, the string 'false', a row that was found: no yes to a door.
    if (typeof pass === 'boolean' || !pass || !open(res)) return pass === true
    const what = Array.isArray(pass) ? 'an array' : `a value of type ${typeof pass}`
    warnOnce('HEAPWARDEN_UNAUTHORIZED', `middleware: authorize returned ${what}, and only true lets a request pass: return a boolean, such as Boolean(user?.isAdmin)`)
    throw undecided('authorize returned neither true nor false')
  }

  return async (req, res) => {
    const safe = ['GET', 'HEAD', 'OPTIONS'].includes(req.method)
    // A page of another site must not make a signed-in operator's browser order or delete snapshots.
    if (!safe && req.headers['sec-fetch-site'] === 'cross-site') throw foreign(req)
    // It does not know the token.
    if (expected) checkToken(req)
    else if (!safe && isForeign(req)) throw foreign(req)
    if (authorize) {
      const pass = await mayPass(req, res)
      if (!open(res)) return false
      if (!pass) throw new Refusal(403, 'HEAPWARDEN_UNAUTHORIZED', 'you are not allowed to do this')
    }
    return true
  }
}

module.exports = { checkGuard, guard }

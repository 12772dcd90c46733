'use strict'

/** HTTP status of each code that is not 500. */
const statusOf = {
  HEAPWARDEN_NOT_FOUND: 404,
  HEAPWARDEN_UNSUPPORTED: 501,
  HEAPWARDEN_MEMORY_BUDGET: 503,
  HEAPWARDEN_STOPPED: 503,
  HEAPWARDEN_TIMEOUT: 504,
  HEAPWARDEN_NO_SPACE: 507
}

/** An answer that is not 200: routes throw it, `middleware` sends it. */
class Refusal extends Error {
  constructor (status, code, message, headers = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** Whether there is still somebody to answer, and nobody has begun to. */
const open = (res) => !res.headersSent && !res.writableEnded && !res.destroyed

function json (req, res, status, value, headers = {}) {
  if (!open(res)) return
  const body = Buffer.from(JSON.stringify(value))
  res.statusCode = status
  for (const [name, one] of Object.entries(headers)) res.setHeader(name, one)
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Content-Length', body.length)
  res.end(req.method === 'HEAD' ? undefined : body)
}

/**
 * Sends an error as JSON. Only messages of ours go out: another error's may name files, hosts or secrets.
 * @returns {boolean} whether the client was told what happened
 */
function failure (req, res, error) {
  if (error instanceof Refusal || /^HEAPWARDEN_/.test(error?.code)) {
    const { code, message, headers } = error
    json(req, res, error.status ?? statusOf[code] ?? 500, { code, message }, headers)
    return true
  }
  json(req, res, 500, {
    code: 'HEAPWARDEN_INTERNAL',
    message: 'something went wrong here; the process has printed a warning that says what'
  })
  return false
}

module.exports = { Refusal, failure, json, open, statusOf }

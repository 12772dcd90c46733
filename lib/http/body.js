'use strict'

// The one body we read: `{ "trigger": "why" }` of an order, 1 KiB at most.

const { checkOrder } = require('./options')
const { Refusal } = require('./reply')

const LIMIT = 1024

const tooLong = () => new Refusal(413, 'HEAPWARDEN_INVALID_OPTION', `the request body has more than ${LIMIT} bytes`,
  // What we do not read would be taken for the next request.
  { Connection: 'close' })

async function read (req) {
  if (Number(req.headers['content-length']) > LIMIT) throw tooLong()
  const chunks = []
  let length = 0
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    length += chunk.length
    if (length > LIMIT) throw tooLong()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** What an application's own body parser left, else undefined. */
function alreadyParsed ({ body }) {
  if (body === undefined || body === null || body === '') return undefined
  if (typeof body === 'string' || Buffer.isBuffer(body)) return parse(String(body))
  return body
}

function parse (text) {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'HEAPWARDEN_INVALID_OPTION', 'the request body is not JSON; accepted: {"trigger": "why"} or nothing')
  }
}

const isJson = ({ headers }) => /^application\/(json|[^;]*\+json)\s*(;|$)/i.test(headers['content-type'] ?? '')

/** Whether an application's own body parser left anything. */
function leftSomething ({ body }) {
  if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body)) return Object.keys(body).length > 0
  return body !== undefined && body !== null && body.length !== 0
}

/** Whether there is a body at all; of one that comes in pieces, as any of HTTP/2 may, only reading it tells. */
async function hasBody (req) {
  if (Number(req.headers['content-length']) > 0) return true
  if (req.headers['transfer-encoding'] === undefined && !(req.httpVersionMajor >= 2)) return false
  return req.readableEnded ? leftSomething(req) : await read(req) !== ''
}

/** @returns {Promise<{ trigger?: string }>} nothing where there is no body; one of another type than JSON is refused */
async function orderBody (req) {
  if (!isJson(req)) {
    if (!await hasBody(req)) return {}
    // Its options would be lost, and nobody the wiser.
    throw new Refusal(415, 'HEAPWARDEN_INVALID_OPTION',
      'the request body is not said to be JSON; accepted: {"trigger": "why"} with the header Content-Type: application/json, or no body',
      { 'Accept-Post': 'application/json', Connection: 'close' })
  }
  const value = alreadyParsed(req) ?? (req.readableEnded ? {} : parse(await read(req)))
  try {
    return checkOrder(value, 'body')
  } catch (error) {
    throw new Refusal(400, error.code, error.message)
  }
}

module.exports = { orderBody }

'use strict'

// Whether an order of a type that is not read has a body: it is refused then, and not otherwise.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const http2 = require('node:http2')
const { text } = require('node:stream/consumers')
const { test } = require('node:test')
const { orderBody } = require('../../lib/http/body')

/** The status for what `parse` has seen first. */
const answer = (parse) => async (req, res) => {
  await parse(req)
  res.writeHead(await orderBody(req).then(() => 200, ({ status }) => status)).end()
}

async function listening (t, server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${server.address().port}`
}

test('of HTTP/2, which need not say how long it is', async (t) => {
  const session = http2.connect(await listening(t, http2.createServer(answer(() => {}))))
  t.after(() => session.destroy())
  for (const [body, expected] of [['{"trigger":"why"}', 415], ['', 200]]) {
    const stream = session.request({ ':method': 'POST', 'content-type': 'text/plain' })
    stream.resume().end(body)
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], expected, body)
  }
})

test('in pieces, where the application\'s own parser has read it', async (t) => {
  const parsers = [(read) => read, (read) => read === '' ? {} : { read }, (read) => Buffer.from(read), (read) => read || undefined]
  for (const parser of parsers) {
    const url = await listening(t, http.createServer(answer(async (req) => { req.body = parser(await text(req)) })))
    for (const [body, expected] of [['{"trigger":"why"}', 415], ['', 200]]) {
      const request = http.request(url, { method: 'POST', agent: false, headers: { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' } }).end(body)
      const [response] = await once(request, 'response')
      response.resume()
      assert.equal(response.statusCode, expected, `${parser} ${body}`)
    }
  }
})

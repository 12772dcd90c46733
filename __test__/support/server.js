'use strict'

// An HTTP server around what is tested, and a client that hides nothing.

const { once } = require('node:events')
const http = require('node:http')

const TOKEN = 'sesame'

/** A server around `listener`; the function it gives asks it, without decoding or following anything. */
async function serve (t, listener) {
  const server = http.createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address()
  async function ask (target, { method = 'GET', token = TOKEN, headers = {}, body } = {}) {
    const req = http.request({ port, host: '127.0.0.1', path: target, method, headers: { ...token && { authorization: `Bearer ${token}` }, ...headers } })
    req.end(body)
    const [res] = await once(req, 'response')
    const chunks = []
    for await (const chunk of res) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    return { status: res.statusCode, headers: res.headers, bytes, get json () { return JSON.parse(bytes) } }
  }
  return Object.assign(ask, { port, server })
}

module.exports = { TOKEN, serve }

'use strict'

// Leaks: cls-hooked forgets a context when its resource is collected; a context that holds a promise made in it keeps that
// resource, and so itself. Usual cure: AsyncLocalStorage; no promises in the context.

const http = require('node:http')
const { createNamespace } = require('cls-hooked')

const namespace = createNamespace('request')

async function readUser (name) {
  return { name, rights: Array.from({ length: 150 }, (_, index) => `${name}/right/${index}`) }
}

module.exports = http.createServer((request, response) => {
  namespace.run(async () => {
    namespace.set('user', readUser(request.url))
    const user = await namespace.get('user')
    response.end(`${user.rights.length} rights`)
  })
})

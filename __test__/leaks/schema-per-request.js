'use strict'

// Leaks: a schema is built and compiled for each request. Ajv keeps what it has compiled by the schema's object, so that each
// new object is one more entry. Usual cure: compile once, or look it up by its `$id`.

const http = require('node:http')
const Ajv = require('ajv')

const ajv = new Ajv({ allErrors: true, coerceTypes: true })

function searchSchema (limit) {
  return {
    type: 'object',
    required: ['q'],
    properties: {
      q: { type: 'string', minLength: 1, maxLength: 200 },
      page: { type: 'integer', minimum: 1, maximum: limit },
      sort: { type: 'string', enum: ['name', 'price', 'date'] },
      filters: { type: 'array', items: { type: 'object', properties: { field: { type: 'string' }, value: { type: 'string' } } } }
    }
  }
}

module.exports = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost')
  const validate = ajv.compile(searchSchema(url.searchParams.has('all') ? 1000 : 50))
  if (!validate(Object.fromEntries(url.searchParams))) {
    response.statusCode = 400
    response.end(JSON.stringify(validate.errors))
    return
  }
  response.end('[]')
})

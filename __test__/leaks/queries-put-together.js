'use strict'

// Leaks: graphql-tag keeps each document that it has ever parsed by its text, and here the text holds the id. Usual cure:
// variables, so that the text is always the same.

const http = require('node:http')
const gql = require('graphql-tag')

function productQuery (id) {
  return gql(`query Product {
    product(id: "${id}") { id title price description images { url width height } reviews { author text stars } }
  }`)
}

module.exports = http.createServer((request, response) => {
  const query = productQuery(request.url)
  response.end(query.definitions[0].name.value)
})

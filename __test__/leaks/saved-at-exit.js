'use strict'

// Leaks: each draft adds a listener to the process, to be saved when that ends, and none is taken off when it has been saved before. Usual
// cure: one listener that saves the drafts that are open.

const http = require('node:http')

process.setMaxListeners(0)

class Draft {
  constructor (url) {
    this.lines = Array.from({ length: 150 }, (_, line) => `${url}, line ${line}`)
    this.saved = false
    process.on('SIGTERM', () => this.save())
  }

  save () {
    this.saved = true
  }
}

module.exports = http.createServer((request, response) => {
  const draft = new Draft(request.url)
  draft.save()
  response.end('saved')
})

'use strict'

// Why it does not leak: every view is compiled once, when it is asked for first. There are thirty.

const http = require('node:http')
const Handlebars = require('handlebars')

const VIEWS = 30
const compiled = new Map()

/** The text of a view, as it would stand in its file. */
function source (view) {
  const sections = Array.from({ length: 60 }, (_, i) => `<section id="${view}-${i}"><h2>{{title}}</h2>{{#each items}}<li>{{this}} (${i})</li>{{/each}}</section>`)
  return `<main>${sections.join('\n')}</main>`
}

function render (view, values) {
  let template = compiled.get(view)
  if (!template) {
    template = Handlebars.compile(source(view))
    compiled.set(view, template)
  }
  return template(values)
}

module.exports = http.createServer((req, res) => {
  const number = Number(req.url.slice('/view/'.length)) % VIEWS
  res.setHeader('content-type', 'text/html')
  res.end(render(`view-${number}`, { title: `View ${number}`, items: ['one', 'two', 'three'] }))
})

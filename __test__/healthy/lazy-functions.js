'use strict'

// Why it does not leak: V8 compiles a function when it is called for the first time. The bundle has twelve hundred of them,
// and more and more have been called.

const http = require('node:http')
const vm = require('node:vm')

/** What a bundler makes of many small files. */
function bundle (modules) {
  const texts = Array.from({ length: modules }, (_, i) => `function module${i} (input) {
    const found = { kind: 'module${i}', words: [], sum: 0 }
    for (const word of String(input).split('/')) {
      if (word.length > ${i % 7}) found.words.push(word + '-${i}')
      else found.sum += word.length * ${i}
    }
    switch (found.words.length % 3) {
      case 0: found.note = 'none of ${i}'; break
      case 1: found.note = 'one of ' + found.sum; break
      default: found.note = found.words.map(function (word) { return word.toUpperCase() }).join('${i}')
    }
    return JSON.stringify(found)
  }`)
  return `[${texts.join(',\n')}]`
}

const modules = vm.runInThisContext(bundle(1200), { filename: 'bundle.js' })

module.exports = http.createServer((req, res) => {
  const number = Number(req.url.split('/')[2])
  res.end(modules[number % modules.length](req.url))
})

'use strict'

// Why it does not leak: parsers are made for as many requests as there are at a time, and used again afterwards.

const http = require('node:http')

class LineParser {
  constructor () {
    this.scratch = Buffer.alloc(128 * 1024)
    this.fields = new Array(500).fill('')
    this.length = 0
  }

  reset () {
    this.length = 0
    this.fields.fill('')
  }

  parse (text) {
    this.scratch.write(text)
    for (const field of text.split(',')) this.fields[this.length++] = field
    return this.length
  }
}

class ParserPool {
  constructor () {
    this.free = []
    this.made = 0
  }

  acquire () {
    const parser = this.free.pop()
    if (parser) return parser
    this.made++
    return new LineParser()
  }

  release (parser) {
    parser.reset()
    this.free.push(parser)
  }
}

const pool = new ParserPool()

module.exports = http.createServer((req, res) => {
  const parsers = Array.from({ length: 4 }, () => pool.acquire())
  setTimeout(() => {
    const counts = parsers.map((parser, i) => parser.parse(`${req.url},${i},a,b,c`))
    for (const parser of parsers) pool.release(parser)
    res.end(`${counts}`)
  }, 5)
})

'use strict'

// `transcript` is one text that gets longer with each message: a tree of pieces, as V8 puts strings together, that nothing cuts. Cure: write it
// away by the day.

const http = require('node:http')

let transcript = ''

async function textOf (req) {
  let text = ''
  for await (const chunk of req.setEncoding('utf8')) text += chunk
  return text
}

module.exports = http.createServer(async (req, res) => {
  transcript += `${new Date().toISOString()} ${await textOf(req)}\n`
  res.end(JSON.stringify({ length: transcript.length }))
})

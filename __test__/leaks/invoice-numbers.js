'use strict'

// `numbers` keeps a short piece of each document, and V8 keeps for it the whole text that it was cut from. Cure: copy the piece
// (`Buffer.from(piece).toString()`) before it is kept.

const http = require('node:http')

const numbers = []

async function textOf (req) {
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

/** `Invoice: 2026-0000017/Berlin` */
function invoiceNumber (text) {
  const from = text.indexOf('Invoice: ') + 'Invoice: '.length
  return text.slice(from, text.indexOf('\n', from))
}

module.exports = http.createServer(async (req, res) => {
  numbers.push(invoiceNumber(await textOf(req)))
  res.end(JSON.stringify({ invoices: numbers.length }))
})

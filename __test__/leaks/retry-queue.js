'use strict'

// A mail that cannot be delivered is tried again every half minute, for ever: each has a timer whose callback holds it. Cure: a last try.

const http = require('node:http')

const RETRY_MS = 30_000

async function deliver (mail) {
  if (mail.to.endsWith('.invalid')) throw new Error(`no such host: ${mail.to}`)
}

function send (mail, attempt = 1) {
  deliver(mail).catch(() => {
    setTimeout(() => send(mail, attempt + 1), RETRY_MS)
  })
}

module.exports = http.createServer((req, res) => {
  const customer = req.url.split('/').at(-1)
  const paragraphs = Array.from({ length: 60 }, (_, i) => ({ number: i, text: `Dear customer ${customer}, paragraph ${i} of your invoice` }))
  send({ to: `${customer}@mail.invalid`, subject: `Invoice ${customer}`, paragraphs })
  res.statusCode = 202
  res.end()
})

'use strict'

// Every response is put into `clients`, to be told of news, and stays there when it is over. Cure: delete it at its 'close'.

const http = require('node:http')

const clients = new Set()

function news (text) {
  for (const client of clients) if (!client.writableEnded) client.write(`data: ${text}\n\n`)
}

module.exports = http.createServer((req, res) => {
  clients.add(res)
  if (req.url === '/stream') {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    return res.write('data: welcome\n\n')
  }
  if (req.method === 'POST') news(req.url)
  res.end(JSON.stringify({ clients: clients.size }))
})

'use strict'

// Each board has a method, and another function of the same scope needs `previous`: both share one context, so each board holds the one before it,
// and that one its own. Cure: a scope of its own for what needs the old board, or `previous = null` at the end.

const http = require('node:http')

let board = null

function refresh (market) {
  const previous = board
  const changed = () => previous !== null && previous.market !== market
  const rows = Array.from({ length: 120 }, (_, i) => ({ symbol: `${market}-${i}`, price: i * 1.1 }))
  board = {
    market,
    rows,
    find: (symbol) => rows.find((row) => row.symbol === symbol)
  }
  return changed()
}

module.exports = http.createServer((req, res) => {
  const market = req.url.split('/').at(-1)
  const changed = refresh(market)
  res.end(JSON.stringify({ changed, first: board.find(`${market}-0`) }))
})

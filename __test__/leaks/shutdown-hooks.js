'use strict'

// Every export leaves a function in `cleanups`, to be called at the end of the process, and the function holds the whole export. Cure: the hook
// is taken out when the export is done.

const http = require('node:http')

const cleanups = []
process.once('exit', () => { for (const cleanup of cleanups) cleanup() })

function exportReport (name) {
  const cells = Array.from({ length: 100 }, (_, row) => [`${name} row ${row}`, row * 2, row % 3 === 0])
  let open = true
  cleanups.push(() => {
    if (open) cells.length = 0
  })
  return {
    text: () => cells.map((cell) => cell.join(';')).join('\n'),
    close: () => { open = false }
  }
}

module.exports = http.createServer((req, res) => {
  const report = exportReport(req.url)
  res.end(report.text())
  report.close()
})

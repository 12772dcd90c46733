'use strict'

// Each sheet's formulas are run in a context of their own, kept in `sandboxes` under the sheet's number: a whole set of built-in objects for each.
// Cure: one context for all, or drop it after the run.

const http = require('node:http')
const vm = require('node:vm')

const sandboxes = new Map()
const formula = new vm.Script('result = cells.reduce((sum, cell) => sum + cell, 0)')

function sandboxOf (sheet) {
  if (!sandboxes.has(sheet)) sandboxes.set(sheet, vm.createContext({ cells: Array.from({ length: 20 }, (_, i) => i * sheet), result: 0 }))
  return sandboxes.get(sheet)
}

module.exports = http.createServer((req, res) => {
  const sandbox = sandboxOf(Number(req.url.split('/').at(-1)))
  formula.runInContext(sandbox)
  res.end(JSON.stringify({ result: sandbox.result }))
})

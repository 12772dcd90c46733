'use strict'

// AuditTrail's `#history` is written for every change, and read by nobody. Cure: write it to where it belongs, and keep the last few.

const http = require('node:http')

class AuditTrail {
  #history = []

  record (actor, action, before, after) {
    this.#history.push({ actor, action, before, after, at: new Date() })
  }

  get length () {
    return this.#history.length
  }
}

class Accounts {
  #balances = new Map()
  #trail

  constructor (trail) {
    this.#trail = trail
  }

  deposit (account, amount) {
    const before = this.#balances.get(account) ?? { account, amount: 0, lines: [] }
    const lines = Array.from({ length: 25 }, (_, i) => ({ position: i, text: `${account} line ${i} of ${amount}` }))
    const after = { account, amount: before.amount + amount, lines }
    this.#balances.set(account, after)
    this.#trail.record(account, 'deposit', before, after)
    return after.amount
  }
}

const trail = new AuditTrail()
const accounts = new Accounts(trail)

module.exports = http.createServer((req, res) => {
  const { searchParams } = new URL(req.url, 'http://localhost')
  const amount = accounts.deposit(`account-${searchParams.get('account')}`, Number(searchParams.get('amount')))
  res.end(JSON.stringify({ amount, changes: trail.length }))
})

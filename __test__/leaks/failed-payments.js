'use strict'

// Every error is kept in `failures`, for a page that shows the last ten. Cure: keep ten.

const http = require('node:http')

class PaymentError extends Error {
  constructor (customer, cause) {
    super(`The payment of ${customer} was refused`, { cause })
    this.name = 'PaymentError'
    this.customer = customer
  }
}

const failures = []

async function charge (customer) {
  try {
    throw new RangeError(`limit of card ending with ${customer.slice(-4)} is exceeded`)
  } catch (error) {
    throw new PaymentError(customer, error)
  }
}

module.exports = http.createServer(async (req, res) => {
  try {
    await charge(req.url.split('/').at(-1))
  } catch (error) {
    failures.push(error)
    res.statusCode = 402
  }
  res.end(failures.slice(-10).map(({ stack }) => stack).join('\n'))
})

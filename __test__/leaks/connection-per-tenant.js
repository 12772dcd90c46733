'use strict'

// Leaks: mongoose 5 keeps each connection that was ever made in `mongoose.connections`, closed ones too, and with it the models that
// were compiled for it. Usual cure: one connection and `useDb()` with its cache; mongoose 8's `connection.destroy()`.

const http = require('node:http')
const mongoose = require('mongoose')

const orderSchema = {
  number: { type: Number, required: true },
  customer: { name: String, street: String, city: String },
  items: [{ sku: String, amount: Number, price: Number }],
  placedAt: { type: Date, default: Date.now }
}

module.exports = http.createServer(async (request, response) => {
  const connection = mongoose.createConnection()
  const Order = connection.model('Order', new mongoose.Schema(orderSchema, { autoCreate: false, autoIndex: false }))
  const order = new Order({ number: 1, customer: { name: request.url }, items: [] })
  const problem = order.validateSync()
  await connection.close()
  response.end(problem ? problem.message : order.customer.name)
})

'use strict'

// What the middleware can be told, and the one body it reads. docs/middleware.md and middleware.d.ts are compared with it.

const { invalid } = require('../options/invalid')
const { absolute, kind, object, text } = require('../options/kinds')

const monitor = kind({ type: 'Monitor' }, (value, name) => {
  // Not instanceof: two copies of this package in one tree should get along.
  if (typeof value?.snapshot !== 'function' || typeof value.history !== 'function') throw invalid(name, value, 'a Monitor, as watch() returns it')
  return value
})

/** The guard checks these together (guard.js). */
const ofTheGuard = (type) => kind({ type }, (value) => value)

const middleware = {
  monitor,
  dir: absolute,
  token: ofTheGuard('string'),
  authorize: ofTheGuard('(req: IncomingMessage, res: ServerResponse) => boolean | void | Promise<boolean | void>'),
  insecure: ofTheGuard('boolean')
}

const order = { trigger: text(100) }

module.exports = { checkMiddleware: object(middleware), checkOrder: object(order), middleware }
